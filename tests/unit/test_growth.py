"""Growth: what is kept, what is current, and what is measured again."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from growth_stage import DIGESTS, SIZES, counts, keras_2, keras_3, stack_counts, times
from run_stage import alive, entry

from nestbench.catalogue import Variant, load_catalogue
from nestbench.errors import GroundError
from nestbench.growth import Line, Shelf, lines_of
from nestbench.growth.line import counts_are_current, digests_of, times_are_current
from nestbench.growth.measuring import Measuring
from nestbench.growth.record import Counted, Kind, Part, Tally
from nestbench.matrix import load_matrix
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.store.disk import StoreError

MATRIX = load_matrix()
LABEL = "deep-chain"
OVER = Counted(kind=Kind.OVER, detail="limit of 20 s")

#: Answers as its cases' names say; notes what it was asked.
FAKE = """
import json, os, subprocess, sys
with open(sys.argv[2]) as stream:
    request = json.load(stream)
with open(os.environ["ASKED"], "a") as log:
    log.write(json.dumps(request) + "\\n")

def answer(name, data):
    path = os.path.join(request["answers"], name)
    with open(path + ".part", "w") as stream:
        json.dump(data, stream)
    os.replace(path + ".part", path)

cases = [one["case"] for one in request["series"]]
if "no-gpu" in cases:
    answer("ready.json", {"no_device": "no GPU to compute on: it is away"})
    sys.exit(3)
keras = "9.9" if "other-keras" in cases else "2.15.0"
answer("ready.json", {"versions": {"keras": keras}, "flavour": "keras2", "launch": "fork",
                      "device": {"device": "cpu"}, "import_seconds": 0.1})
for number, one in enumerate(request["series"]):
    if one["case"] == "leaves-child":
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = subprocess.Popen(command, start_new_session=True)
        with open(os.environ["ASKED"] + ".pid", "w") as stream:
            stream.write(str(child.pid))
    if one["case"] in ("kills-probe", "leaves-child"):
        os._exit(7)
    if one["case"] == "gpu-goes":
        answer("gone.json", {"no_device": "no GPU to compute on: it fell off the bus"})
        os._exit(3)
    points = []
    for size in one["sizes"]:
        point = {"size": size}
        parts = ("construct", "build", "first-call")
        if one["count"]:
            call = {"kind": "measured", "python_calls": 9 * size, "user_calls": {"Link": size}}
            point["counted"], point["tally"] = dict.fromkeys(parts, call), None
            if one["case"] == "slow" and size == 4:
                point["counted"] = dict.fromkeys(parts, {"kind": "over-the-limit", "detail": "limit of 20 s"})
                point["tally"] = {"part": "build", "python_calls": 77, "user_calls": 7}
        if one["repeats"]:
            seconds = {"kind": "measured", "seconds": [0.01 * size] * one["repeats"]}
            point["timed"] = dict.fromkeys(parts, seconds)
        points.append(point)
    answer("series-%d.json" % number, {"points": points, "load": [0.5, 0.5, 0.5]})
"""


def line(case=LABEL, folder=Path("/nowhere"), sizes=SIZES, digest="c"):
    made = replace(entry(case, folder, digest), growing="n", sizes=tuple(sizes))
    return Line(entry=made)


# -- lines ----------------------------------------------------------------------------------------


def test_what_does_not_grow_is_held_fast():
    made = entry("mixed", Path("/nowhere"))
    pairs = [(owner, n) for owner in ("layer", "model") for n in ("4", "16")]
    variants = tuple(
        Variant(values=(("owner", owner), ("n", n)), parameters=1, trainable=1) for owner, n in pairs
    )
    made = replace(made, variants=variants, growing="n", sizes=(1, 2, 4))
    assert [one.label for one in lines_of([made])] == ["mixed[owner=layer]", "mixed[owner=model]"]


def test_every_case_of_scale_is_one_line_and_no_other_case_is():
    scale = [one.id for one in load_catalogue().select(groups=["scale"])]
    assert [one.label for one in lines_of(load_catalogue())] == scale


# -- the shelf ------------------------------------------------------------------------------------


def test_what_is_kept_comes_back(tmp_path):
    shelf = Shelf(root=tmp_path)
    tally = Tally(part=Part.BUILD, size=128, python_calls=5, user_calls=2)
    first, second = counts(keras_3, instead={128: OVER}), counts(keras_2, label="a-case")
    shelf.keep_counts(stack_counts("tf2.15"), first, tally)
    shelf.keep_counts(stack_counts("tf2.15"), second, None)
    shelf.keep_times("tf2.15", times(lambda n: [0.1 * n]), {"id": "here"})
    assert shelf.counts("tf2.15") == stack_counts("tf2.15", second, first)
    held = shelf.times("tf2.15")
    assert held.series == {LABEL: times(lambda n: [0.1 * n])}
    assert held.tallies == {LABEL: tally}
    assert held.hosts == {"here": {"id": "here"}}
    assert shelf.stacks() == ["tf2.15"]
    shelf.keep_counts(stack_counts("tf2.15"), counts(keras_3), None)
    assert shelf.times("tf2.15").tallies == {}


def test_counts_hold_nothing_of_the_machine(tmp_path):
    shelf = Shelf(root=tmp_path)
    shelf.keep_counts(stack_counts("tf2.15"), counts(keras_3), None)
    before = (tmp_path / "tf2.15.json").read_bytes()
    shelf.keep_times("tf2.15", times(lambda n: [n]), {"id": "here"})
    shelf.keep_counts(stack_counts("tf2.15"), counts(keras_3), None)
    assert (tmp_path / "tf2.15.json").read_bytes() == before
    assert b"seconds" not in before.replace(b"limit_seconds", b"")


def test_a_difference_at_one_size_is_a_difference_in_one_line(tmp_path):
    shelf, texts = Shelf(root=tmp_path), []
    for wrong in (0, 1):
        made = counts(lambda n, wrong=wrong: keras_3(n) + (wrong if n == 16 else 0))
        shelf.keep_counts(stack_counts("tf2.15"), made, None)
        texts.append((tmp_path / "tf2.15.json").read_text(encoding="utf-8").splitlines())
    differ = [(old, new) for old, new in zip(*texts, strict=True) if old != new]
    assert len(differ) == 1
    assert '"size": 16' in differ[0][0]


def test_stacks_come_by_their_numbers(tmp_path):
    shelf = Shelf(root=tmp_path)
    for stack in ("tf2.10", "tf2.9"):
        shelf.keep_times(stack, times(lambda n: [n]), {"id": "here"})
    assert shelf.stacks() == ["tf2.9", "tf2.10"]


@pytest.mark.parametrize(
    "text", ["{", '{"schema": 99}', '{"schema": 1, "stack": "tf2.15", "series": {"a": 1}}']
)
def test_a_broken_file_is_told(tmp_path, text):
    (tmp_path / "tf2.15.json").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"tf2\.15\.json"):
        Shelf(root=tmp_path).counts("tf2.15")


# -- what is current ------------------------------------------------------------------------------


def counted(asked=None, digests=DIGESTS, limit=20, **held):
    return counts_are_current(counts(keras_3, **held), asked or line(), digests, limit=limit)


def test_what_makes_counts_stale():
    assert counted()
    assert not counts_are_current(None, line(), DIGESTS, limit=20)
    for name in ("case", "lock", "probe"):
        assert not counted(digests=replace(DIGESTS, **{name: "other"}))
    assert not counted(line(sizes=[*SIZES, 256]))
    assert not counted(sizes=[*SIZES, 256])


def test_a_higher_limit_is_news_only_where_the_lower_one_stopped_something():
    assert counted(limit=40)
    assert not counted(limit=40, instead={128: OVER})
    assert counted(limit=20, instead={128: OVER})
    assert counted(limit=10, instead={128: OVER})


def test_times_are_of_this_machine_and_repeated_often_enough():
    def current(**asked):
        settings = {"limit": 20, "repeats": 3, "host": "here", **asked}
        return times_are_current(times(lambda n: [n]), line(), DIGESTS, **settings)

    assert current()
    assert current(repeats=2)
    assert not current(repeats=4)
    assert not current(host="there")
    assert not times_are_current(None, line(), DIGESTS, limit=20, repeats=3, host="here")


# -- measuring ------------------------------------------------------------------------------------


class Stage:
    """One stack whose probe is FAKE."""

    def __init__(self, root, monkeypatch):
        probe = root / "probe" / "nestprobe"
        probe.mkdir(parents=True)
        (probe / "__init__.py").write_text("", encoding="utf-8")
        (probe / "__main__.py").write_text(FAKE, encoding="utf-8")
        monkeypatch.setattr("nestbench.staging.stage", lambda _folder: probe.parent)
        self.root, self.said = root, []
        self.shelf = Shelf(root=root / "kept")
        self.stack = MATRIX.select(["tf2.15"]).stacks[0]
        self.prepared = 0

    def prepare(self, _stack, _say):
        self.prepared += 1
        return Prepared(
            python=Path(sys.executable),
            extra={"ASKED": str(self.root / "asked.jsonl")},
            imports={"keras": "2.15.0"},
        )

    def run(self, *cases, again=False, limit=20, repeats=3):
        """(failures, what the probe was asked: case, count, repeats)."""
        asked = self.root / "asked.jsonl"
        asked.unlink(missing_ok=True)
        measuring = Measuring(
            shelf=self.shelf, workspace=Workspace(root=self.root), prepare=self.prepare, limit=limit,
            repeats=repeats, say=self.said.append,
        )  # fmt: skip
        lines = [line(case, self.root, sizes=(1, 2, 4)) for case in cases]
        failures = measuring.run([self.stack], lines, again=again)
        requests = [json.loads(text) for text in asked.read_text().splitlines()] if asked.exists() else []
        return failures, [
            (one["case"], one["count"], one["repeats"]) for r in requests for one in r["series"]
        ]


@pytest.fixture
def stage(tmp_path, monkeypatch):
    return Stage(tmp_path, monkeypatch)


def test_what_only_the_engine_of_a_stack_runs_is_part_of_its_digests():
    one, other, third = (
        digests_of(line("good"), MATRIX.get(name)) for name in ("keras2.3", "tf2.15", "tf2.1")
    )
    assert one.probe != other.probe == third.probe


def test_what_is_measured_is_kept_and_not_measured_again(stage):
    assert stage.run("good", "slow") == ({}, [("good", True, 3), ("slow", True, 3)])
    held = stage.shelf.counts("tf2.15")
    assert held.versions == {"keras": "2.15.0"}
    assert held.series["good"].digests == digests_of(line("good"), stage.stack)
    assert held.series["good"].points[2].parts[Part.BUILD].user_calls == {"Link": 4}
    assert stage.shelf.times("tf2.15").series["good"].points[1].parts[Part.CONSTRUCT].seconds == (0.02,) * 3
    assert stage.shelf.times("tf2.15").tallies == {
        "slow": Tally(part=Part.BUILD, size=4, python_calls=77, user_calls=7)
    }
    assert stage.run("good", "slow") == ({}, [])
    assert stage.prepared == 1


def test_only_what_is_missing_is_measured(stage):
    stage.run("good", "slow")
    assert stage.run("good", "slow", "more")[1] == [("more", True, 3)]
    assert stage.run("good", "slow", repeats=5)[1] == [("good", False, 5), ("slow", False, 5)]
    assert stage.run("good", "slow", repeats=5, limit=40)[1] == [("slow", True, 0)]
    assert stage.run("good", again=True)[1] == [("good", True, 3)]


def test_what_was_answered_before_the_probe_died_is_kept(stage):
    failures, _ = stage.run("good", "kills-probe", "more")
    assert "ended with status 7" in failures["tf2.15"]
    assert set(stage.shelf.counts("tf2.15").series) == {"good"}
    assert stage.run("good", "more") == ({}, [("more", True, 3)])


def test_what_a_case_has_started_is_ended_with_the_probe(stage):
    stage.run("leaves-child")
    pid = int((stage.root / "asked.jsonl.pid").read_text())
    assert not Path(f"/proc/{pid}").exists() or not alive(pid)


def test_another_keras_is_not_measured(stage):
    failures, _ = stage.run("other-keras")
    assert "imports keras 9.9 and not 2.15.0" in failures["tf2.15"]
    assert stage.shelf.counts("tf2.15") is None


def test_a_device_that_is_not_there_is_told(stage):
    failures, _ = stage.run("no-gpu")
    assert "it is away" in failures["tf2.15"]


def test_a_device_that_goes_away_meanwhile_is_unavailable_and_no_size_is_to_blame(stage):
    failures, _ = stage.run("good", "gpu-goes", "more")
    told = "unavailable: no GPU to compute on: it fell off the bus; what was measured before is kept"
    assert failures == {"tf2.15": told}
    assert set(stage.shelf.counts("tf2.15").series) == {"good"}
    assert stage.run("good", "more") == ({}, [("more", True, 3)])


def test_one_stack_that_cannot_be_made_costs_no_other(stage):
    def prepare(stack, say):
        if stack == "tf2.14":
            raise GroundError("no network")
        return stage.prepare(stack, say)

    measuring = Measuring(
        shelf=stage.shelf, workspace=Workspace(root=stage.root), prepare=prepare, limit=20, repeats=1,
        say=stage.said.append,
    )  # fmt: skip
    stacks = MATRIX.select(["tf2.14", "tf2.15"]).stacks
    assert measuring.run(stacks, [line("good", stage.root)], again=False) == {"tf2.14": "no network"}
    assert stage.shelf.stacks() == ["tf2.15"]
