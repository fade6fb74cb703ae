"""Growth: exponents from counts and times, lower bounds, where a case breaks, and how all that is told."""

import csv
import io
import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import MappingProxyType

import pytest
from growth_stage import SIZES, counts, keras_2, keras_3, stack_counts, stack_times, times

from nestbench.errors import UsageError
from nestbench.growth import drawing, report
from nestbench.growth.fitting import Quantity, Reach, tell
from nestbench.growth.record import Counted, Kind, Part, Tally, Timed
from nestbench.matrix import load_matrix

RECURSION = "RecursionError: maximum recursion depth exceeded"
LABEL = "deep-chain"
NOTHING = MappingProxyType({})


def told(counted=None, timed=None, *, tally=None, stack="keras3.0", part=Part.FIRST_CALL):
    found = tell(
        stack_counts(stack, counted) if counted else None,
        stack_times(stack, *([timed] if timed else []), tally=tally),
        LABEL,
    )
    return next(one for one in found if one.part is part)


def after(size, kind, detail):
    """From ``size`` on: there it ends, and what is larger was not tried."""
    rest = {n: Counted(kind=Kind.NOT_TRIED, detail=f"n={size} was over the limit") for n in SIZES if n > size}
    return {size: Counted(kind=kind, detail=detail), **rest}


def test_quadratic_and_linear_are_told_apart():
    for function, exponent in ((keras_3, 2), (keras_2, 1)):
        found = told(counts(function))
        for quantity in (Quantity.USER_CALLS, Quantity.PYTHON_CALLS):
            growth = found.curves[quantity].growth
            assert growth.exponent == pytest.approx(exponent, abs=0.05)
            assert growth.low < exponent + 0.01
            assert growth.high > exponent - 0.01


def test_seconds_are_fitted_with_their_repetitions():
    found = told(None, times(lambda n: [0.02 + 0.001 * n * n * noise for noise in (0.9, 1.0, 1.15)]))
    curve = found.curves[Quantity.SECONDS]
    assert len(curve.points) == 3 * len(SIZES)
    assert curve.growth.low < 2 < curve.growth.high
    assert found.curves[Quantity.USER_CALLS].growth is None
    assert found.counted is None


def test_a_case_whose_call_never_runs_has_no_exponent_of_it():
    found = told(counts(lambda _n: 0)).curves
    assert (found[Quantity.USER_CALLS].growth, found[Quantity.USER_CALLS].why) == (
        None, "no call() of the case ran",
    )  # fmt: skip
    assert found[Quantity.PYTHON_CALLS].growth.exponent == 0


def test_two_sizes_are_too_few():
    curve = told(counts(keras_3, sizes=(1, 2))).curves[Quantity.USER_CALLS]
    assert (curve.growth, curve.why) == (None, "measured at 2 sizes, an exponent takes 3")


def test_what_took_too_long_is_a_lower_bound_of_the_time():
    slow = {128: Timed(kind=Kind.OVER, detail="limit of 20 s", at_least=0.25)}
    flat = {128: Timed(kind=Kind.OVER, detail="limit of 20 s", at_least=0.001)}
    sizes = [0.001, 0.0011, 0.0012]
    bounded = told(None, times(lambda n: [n * one for one in sizes], instead=slow)).curves[Quantity.SECONDS]
    harmless = told(None, times(lambda n: [n * one for one in sizes], instead=flat)).curves[Quantity.SECONDS]
    assert bounded.bounds == {128: 0.25}
    assert harmless.growth.exponent == pytest.approx(1, abs=0.1)
    assert harmless.growth.high < 2
    assert bounded.growth.exponent > 1.2  # 64 took 0.07 s, and 128 more than 0.25
    assert math.isinf(bounded.growth.high)


def test_the_count_that_was_ended_is_a_lower_bound_of_its_part_alone():
    tally = Tally(part=Part.BUILD, size=128, python_calls=10_000, user_calls=400)
    counted = counts(keras_2, instead=after(128, Kind.OVER, "limit of 20 s"))
    build = told(counted, tally=tally, part=Part.BUILD)
    assert build.curves[Quantity.USER_CALLS].bounds == {128: 400}
    assert build.curves[Quantity.PYTHON_CALLS].growth.exponent > 2
    assert math.isinf(build.curves[Quantity.PYTHON_CALLS].growth.high)
    call = told(counted, tally=tally)
    assert call.curves[Quantity.PYTHON_CALLS].bounds == NOTHING
    assert call.curves[Quantity.PYTHON_CALLS].growth.exponent == pytest.approx(1, abs=0.01)


def test_a_bound_below_what_a_smaller_size_took_says_nothing():
    ended = counts(keras_2, instead=after(128, Kind.OVER, "limit of 20 s"))
    for calls, bounds in ((63, {}), (64, {128: 64.0})):
        tally = Tally(part=Part.FIRST_CALL, size=128, python_calls=50000, user_calls=calls)
        assert told(ended, times(lambda n: [n]), tally=tally).curves[Quantity.USER_CALLS].bounds == bounds


def test_a_count_that_stopped_before_the_end_is_a_lower_bound():
    lost = Counted(kind=Kind.MEASURED, python_calls=300, user_calls={"Link": 106}, lost=True)
    found = told(counts(keras_2, instead={128: lost}))
    user = found.curves[Quantity.USER_CALLS]
    assert user.points[-1] == (64, 64)
    assert user.bounds == {128: 106}
    assert user.growth.exponent == pytest.approx(1, abs=0.01)
    assert found.reach == Reach(works_to=128)


@pytest.mark.parametrize(
    ("ended", "how"),
    [
        (Counted(kind=Kind.OVER, detail="limit of 20 s"), "over the limit (limit of 20 s)"),
        (Counted(kind=Kind.CRASHED, detail="SIGSEGV"), "crashed (SIGSEGV)"),
        (Counted(kind=Kind.OUT_OF_MEMORY, detail="limit of 4096 MB"), "out of memory (limit of 4096 MB)"),
        (Counted(kind=Kind.RAISES, detail=RECURSION, python_calls=9, user_calls={"Link": 1}), RECURSION),
        (
            Counted(kind=Kind.NOT_TRIED, detail=f"constructing it: {RECURSION}"),
            f"constructing it: {RECURSION}",
        ),
    ],
)
def test_where_it_breaks_and_how(ended, how):
    found = told(counts(keras_3, instead={64: ended, 128: ended}))
    assert found.reach == Reach(works_to=32, breaks_at=64, how=how)
    assert found.curves[Quantity.USER_CALLS].points[-1] == (32, keras_3(32))
    assert found.curves[Quantity.PYTHON_CALLS].points[-1] == (32, 10 * keras_3(32) + 500)


def test_every_size_worked():
    assert told(counts(keras_3)).reach == Reach(works_to=128)


def test_a_case_that_raises_by_design_is_followed_as_far_as_it_raises_the_same():
    def raised(n, detail="ValueError: the leaf says no"):
        return Counted(kind=Kind.RAISES, detail=detail, python_calls=n * n, user_calls={"Link": n})

    series = {n: raised(n) for n in SIZES if n < 64} | {n: raised(n, RECURSION) for n in (64, 128)}
    found = told(counts(keras_2, instead=series))
    assert found.reach == Reach(works_to=32, breaks_at=64, how=RECURSION)
    assert found.curves[Quantity.PYTHON_CALLS].growth.exponent == pytest.approx(2, abs=0.01)


def test_what_breaks_at_once_has_nothing_that_worked():
    ended = {n: Counted(kind=Kind.NOT_APPLICABLE, detail="needs TensorFlow") for n in SIZES}
    found = told(counts(keras_2, instead=ended))
    assert found.reach == Reach(works_to=None, breaks_at=1, how="not applicable (needs TensorFlow)")
    assert not found.curves[Quantity.PYTHON_CALLS].points


def test_how_far_it_goes_is_told_by_the_clock_where_there_is_one():
    slower = counts(keras_3, instead=after(64, Kind.OVER, "limit of 20 s"))
    found = told(slower, times(lambda n: [0.01 * n]))
    assert found.reach == Reach(works_to=128)
    assert found.counted.breaks_at == 64


def test_a_stack_of_which_nothing_is_there_says_nothing():
    assert tell(None, None, LABEL) == []
    assert tell(stack_counts("tf2.0", counts(keras_2)), None, "other") == []


# -- told and drawn -------------------------------------------------------------------------------


def both():
    old = tell(
        stack_counts("tf2.0", counts(keras_2, instead={128: Counted(kind=Kind.RAISES, detail=RECURSION)})),
        None,
        LABEL,
    )
    tally = Tally(part=Part.FIRST_CALL, size=128, python_calls=50000, user_calls=5000)
    new = stack_counts("keras3.0", counts(keras_3, instead=after(128, Kind.OVER, "limit of 20 s")))
    timed = times(lambda n: [0.02 + 0.001 * n * n] * 3)
    return old + tell(new, stack_times("keras3.0", timed, tally=tally), LABEL)


def test_the_text_says_power_and_end_of_each_stack():
    lines = report.to_text(both()).splitlines()
    (old,) = [line for line in lines if line.startswith("tf2.0") and "first-call" in line]
    (new,) = [line for line in lines if line.startswith("keras3.0") and "first-call" in line]
    assert "1.00 (1.00 to 1.00)" in old
    assert old.endswith("n=64      n=128: RecursionError: maximum recursion depth exceeded")
    assert "1.94 (1.82" in new
    assert new.rstrip().endswith("n=128")


def test_markdown_is_a_table_of_equally_many_cells():
    lines = [line for line in report.to_markdown(both()).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * len(Part)
    assert {line.count("|") for line in lines} == {9}


def test_seconds_are_told_where_they_begin_and_where_they_end():
    (new,) = [line for line in report.to_text(both()).splitlines() if "keras3.0  first-call" in line]
    assert "0.021 to 16 s (n=1 to 128)" in new
    (old,) = [line for line in report.to_text(both()).splitlines() if "tf2.0     first-call" in line]
    assert "->" not in old
    uneven = told(None, times(lambda n: [n, 2.0 * n, 90.0 * n], sizes=SIZES[:3]))
    assert report.table_row(uneven)[5] == "2 to 8 s (n=1 to 4)"


def test_what_is_cut_off_says_so():
    long = f"ValueError: {'a word ' * 20}"
    row = report.table_row(told(counts(keras_2, instead=after(128, Kind.RAISES, long))))
    assert row[-1].endswith("...")
    assert len(row[-1]) <= len("n=128: ") + 60


def test_csv_has_every_number():
    rows = list(csv.DictReader(io.StringIO(report.to_csv(both()))))
    assert len(rows) == 2 * len(Part) * len(Quantity)
    found = {(one["stack"], one["part"], one["quantity"]): one for one in rows}
    row = found["tf2.0", "build", "user calls"]
    assert float(row["exponent"]) == 1
    assert (row["works_to"], row["breaks_at"], row["how"]) == ("64", "128", RECURSION)
    ends = ("smallest", "at_smallest", "largest", "at_largest")
    assert tuple(row[name] for name in ends) == ("1", "1.0", "64", "64.0")
    none = found["tf2.0", "build", "seconds"]
    assert (none["exponent"], none["why_not"]) == ("", "measured at 0 sizes, an exponent takes 3")
    assert [none[name] for name in ends] == [""] * 4


def test_json_has_points_and_bounds_and_no_infinity():
    data = json.loads(report.to_json(both()), parse_constant=pytest.fail)
    (one,) = [one for one in data if (one["stack"], one["part"]) == ("keras3.0", "first-call")]
    user = one["quantities"]["user calls"]
    assert [2, 5.0] in user["points"]
    assert user["bounds"] == [[128, 5000.0]]
    seconds = one["quantities"]["seconds"]
    assert (seconds["smallest"], seconds["largest"]) == (1, 128)
    assert (seconds["at_smallest"], seconds["at_largest"]) == (0.021, 0.02 + 0.001 * 128**2)
    assert user["reach"] == {"works_to": 64, "breaks_at": 128, "how": "over the limit (limit of 20 s)"}


def test_faster_than_any_power_has_a_word():
    curve = told(counts(lambda n: 2**n, sizes=range(1, 13))).curves[Quantity.USER_CALLS]
    assert report.power(curve.growth).startswith("exponential")
    assert "Exponential: no power describes it" in report.to_text(both())
    assert report.power(told(counts(lambda _n: 1)).curves[Quantity.USER_CALLS].growth) == "0"


def test_a_drawing_is_the_same_bytes_each_time_and_well_formed():
    first, again = drawing.drawings(both()), drawing.drawings(both())
    assert first == again
    assert sorted(first) == [f"deep-chain.{name}.svg" for name in ("python-calls", "seconds", "user-calls")]
    for text in first.values():
        root = ET.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "<dc:date>" not in text


def test_a_drawing_says_case_quantity_power_and_end():
    text = drawing.drawings(both())["deep-chain.user-calls.svg"]
    words = {one.text for one in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")}
    assert "deep-chain: user calls against n" in words
    assert {"construct", "build", "first call", "slope 1", "slope 2"} <= words
    assert "tf2.0: 1.00 (1.00 to 1.00); RecursionError at n=128" in words
    assert any(
        word.startswith("keras3.0: 1.94") and word.endswith("over the limit at n=128") for word in words
    )


def test_the_longest_words_of_a_drawing_have_room():
    def width(stack):
        rows = [told(counts(keras_2), stack=stack), told(counts(keras_2), stack=stack, part=Part.BUILD)]
        text = drawing.draw(rows, Quantity.USER_CALLS)
        assert float(re.search(r"translate\((\S+) \S+\) rotate\(-90\)", text)[1]) > 9  # the name at the left
        return float(ET.fromstring(text).attrib["viewBox"].split()[2])

    name = "a-stack-of-a-name-that-is-as-long-as-no-other-has-been-until-now"
    words = f"{name}: 1.00 (1.00 to 1.00)"
    assert width(name) / 2 > 0.5 * 7.5 * len(words)  # points, a letter is about half as wide as high
    assert width("tf2.0") < width(name)


def test_a_bound_is_drawn_where_it_is():
    with_bound = drawing.draw([told(None, times(lambda n: [n], instead={
        128: Timed(kind=Kind.OVER, detail="limit of 20 s", at_least=500.0)
    }))], Quantity.SECONDS)  # fmt: skip
    without = drawing.draw([told(None, times(lambda n: [n], sizes=SIZES[:-1]))], Quantity.SECONDS)
    hollow = "fill-opacity: 0; stroke"
    assert (with_bound.count(hollow), without.count(hollow)) == (1, 0)


def test_seconds_of_another_host_or_launch_mode_are_not_drawn_beside_others():
    def timed(stack, **more):
        return told(counts(keras_2), replace(times(lambda n: [n]), **more), stack=stack)

    rows = [timed("tf2.0", host="there"), timed("tf2.15"), timed("tf2.21"), timed("jax", launch="fresh")]
    seconds, calls = (
        {one.text for one in ET.fromstring(drawing.draw(rows, of)).iter("{http://www.w3.org/2000/svg}text")}
        for of in (Quantity.SECONDS, Quantity.USER_CALLS)
    )
    assert {word.split(":")[0] for word in seconds if ": 1.00 (" in word} == {"tf2.15", "tf2.21"}
    assert {"left out, of another host or launch mode:", "tf2.0, jax"} <= seconds
    assert {word.split(":")[0] for word in calls if ": 1.00 (" in word} == {
        "tf2.0",
        "tf2.15",
        "tf2.21",
        "jax",
    }
    assert not any("left out" in word for word in calls)


def test_as_many_stacks_as_there_are_look_different():
    markers, colours = len(set(drawing._MARKERS)), len(set(drawing._COLOURS))
    assert markers >= 10  # told apart without colours
    assert math.lcm(markers, colours) > len(load_matrix().stacks)


def test_a_persons_own_style_changes_no_drawing():
    import matplotlib as mpl

    before = drawing.drawings(both())
    with mpl.rc_context({"axes.facecolor": "pink", "font.size": 30}):
        assert drawing.drawings(both()) == before
        assert mpl.rcParams["font.size"] == 30


def test_without_matplotlib_the_user_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(drawing.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="matplotlib") as caught:
        drawing.require_matplotlib()
    assert "'.[plots]'" in caught.value.do


def test_seconds_of_another_way_are_no_part_of_the_fit():
    """Where the stack ran out and Keras went on without a word, counting is lost: that time is another."""
    lost = Counted(kind=Kind.MEASURED, python_calls=2000, user_calls={"Link": 200}, lost=True)
    linear = times(lambda n: [0.01 * n if n < 128 else 9.0] * 3)
    clean = told(counts(lambda n: n), linear).curves[Quantity.SECONDS]
    mended = told(counts(lambda n: n, instead={128: lost}), linear).curves[Quantity.SECONDS]
    assert clean.growth.exponent > 1.3
    assert mended.growth.exponent == pytest.approx(1, abs=0.01)
    assert max(size for size, _ in mended.points) == 64


@pytest.mark.parametrize("reached", [100, 20])
def test_a_drawing_says_where_a_count_was_lost(reached):
    lost = Counted(kind=Kind.MEASURED, python_calls=2000, user_calls={"Link": reached}, lost=True)
    one = told(counts(keras_2, instead={128: lost}), times(lambda n: [0.01 * n]))
    for quantity in (Quantity.USER_CALLS, Quantity.SECONDS):
        assert ": 1.00 (1.00 to 1.00); count lost at n=128<" in drawing.draw([one], quantity)
