"""Which stacks a run is about."""

from dataclasses import replace
from pathlib import Path

import pytest

from nestbench.errors import ExitCode, GroundError, UsageError
from nestbench.interpreters import Available, Interpreter, Source, Unavailable
from nestbench.matrix import Device, load_matrix
from nestbench.run import selection, session
from nestbench.run.orchestrate import StackResult
from nestbench.run.selection import LeftOut
from nestbench.run.summary import exit_code, told
from nestbench.store.collecting import ContradictionError

MATRIX = load_matrix()
NO_GPU = Unavailable(reason="no NVIDIA GPU is visible here", remedy="get one", no_device=True)
ON_GPU = [stack.id for stack in MATRIX.stacks if stack.device is Device.GPU]
GONE = Unavailable(reason="no Python", remedy="install one")
FETCHED = Unavailable(reason="no Python", remedy="allow it", downloadable=True)


def machine(*pythons, otherwise=GONE):
    """What a machine with these Pythons can make."""
    return {
        stack.id: Available(
            interpreter=Interpreter(
                version=f"{stack.python}.1", path=Path("/usr/bin/python"), source=Source.PATH
            )
        )
        if stack.python in pythons
        else otherwise
        for stack in MATRIX.stacks
    }


def chosen(found, *, allow_download=False):
    picked = selection.default(MATRIX, found, allow_download=allow_download)
    return [stack.id for stack in picked.stacks], [out.stack for out in picked.left_out]


def test_the_default_is_the_oldest_the_last_keras_2_and_the_newest():
    every = machine(*{stack.python for stack in MATRIX.stacks})
    assert chosen(every) == (["tf2.0", "tf2.15", "tf2.21"], [])


def test_with_one_interpreter_it_is_what_that_serves_and_the_rest_is_named():
    assert chosen(machine("3.11")) == (["tf2.12", "tf2.15"], ["tf2.0", "tf2.21"])
    assert chosen(machine("3.12")) == (["tf2.16", "tf2.19"], ["tf2.0", "tf2.15", "tf2.21"])
    assert chosen(machine()) == ([], ["tf2.0", "tf2.15", "tf2.21"])


def test_what_may_be_downloaded_counts_only_where_it_is_allowed():
    found = machine("3.11", otherwise=FETCHED)
    assert chosen(found, allow_download=True)[0] == ["tf2.0", "tf2.15", "tf2.21"]
    assert chosen(found)[0] == ["tf2.12", "tf2.15"]


def test_a_stack_asked_for_and_not_to_be_had_forbids_success():
    asked = [MATRIX.get("tf2.0"), MATRIX.get("tf2.15")]
    meant = {"tf2.0", "tf2.15"}
    picked = selection.asked_for(asked, machine("3.11"), allow_download=False, meant=meant)
    assert [stack.id for stack in picked.stacks] == ["tf2.15"]
    assert [(out.stack, out.asked) for out in picked.left_out] == [("tf2.0", True)]


def without_gpu(stacks):
    """A machine with every Python and no GPU."""
    found = machine(*{stack.python for stack in MATRIX.stacks})
    return {stack.id: NO_GPU if stack.device is Device.GPU else found[stack.id] for stack in stacks}


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(
        session.interpreters, "availabilities", lambda stacks, allow_download: without_gpu(stacks)
    )


def test_all_passes_over_the_stacks_on_a_gpu_where_there_is_none(no_gpu):
    picked = session.select(MATRIX, [], everything=True, allow_download=False)
    assert {stack.device for stack in picked.stacks} == {Device.CPU}
    assert [out.stack for out in picked.left_out] == ON_GPU != []
    assert not any(out.asked for out in picked.left_out)
    assert exit_code([FULL], picked.left_out, interrupted=False) is ExitCode.CLEAN
    lines = told([FULL], picked.left_out)
    (line,) = [line for line in lines if "left out" in line]
    assert line == f"{', '.join(ON_GPU)} (10 stacks): left out: no NVIDIA GPU is visible here"


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (["tf2.21-gpu"], {"tf2.21-gpu"}),
        (["tf2.15", "tf2.2*"], set()),  # that means the stacks on the CPU
        (["tf2.2*", "tf2.21-gpu"], {"tf2.21-gpu"}),
        (["*-gpu"], set(ON_GPU)),
    ],
)
def test_a_gpu_is_insisted_on_by_name_or_by_a_pattern_of_nothing_else(no_gpu, names, asked):
    picked = session.select(MATRIX, names, everything=False, allow_download=False)
    assert {out.stack for out in picked.left_out if out.asked} == asked
    assert {out.stack for out in picked.left_out} <= set(ON_GPU)
    code = exit_code([FULL], picked.left_out, interrupted=False)
    assert code is (ExitCode.INCOMPLETE if asked else ExitCode.CLEAN)


def test_where_there_is_a_gpu_a_missing_python_forbids_success_as_elsewhere():
    stacks = [MATRIX.get("tf2.21-gpu")]
    picked = selection.asked_for(stacks, machine(), allow_download=False, meant=frozenset())
    assert [out.asked for out in picked.left_out] == [True]


def test_all_and_names_exclude_each_other():
    with pytest.raises(UsageError):
        session.select(MATRIX, ["tf2.0"], everything=True, allow_download=False)


FULL = StackResult(stack="a", expected=2, missing=0)
HOLE = StackResult(stack="b", expected=2, missing=1, reason="interrupted")
AGAINST = StackResult(stack="c", expected=2, missing=0, error=ContradictionError("two workers"))
FAILED = StackResult(stack="d", expected=2, missing=2, error=GroundError("no disk"))


@pytest.mark.parametrize(
    ("results", "asked", "interrupted", "code"),
    [
        ([FULL], None, False, ExitCode.CLEAN),
        ([FULL], False, False, ExitCode.CLEAN),
        ([FULL], True, False, ExitCode.INCOMPLETE),
        ([FULL], None, True, ExitCode.INCOMPLETE),
        ([FULL, HOLE], None, False, ExitCode.INCOMPLETE),
        ([], None, False, ExitCode.INCOMPLETE),
        ([HOLE, FAILED], None, True, ExitCode.GROUND),
        ([FAILED, AGAINST, HOLE], True, True, ExitCode.FOUND),
    ],
)
def test_only_a_complete_run_is_a_success_and_what_was_found_comes_first(results, asked, interrupted, code):
    left_out = [] if asked is None else [LeftOut(stack="c", reason="r", remedy="m", asked=asked)]
    assert exit_code(results, left_out, interrupted=interrupted) is code


def test_nothing_is_not_told_as_none_of_none():
    left_out = [LeftOut(stack="c", reason="no Python", remedy="install it", asked=True)]
    assert told([], left_out)[0] == "Nothing was measured."


def test_every_hole_is_told_with_its_reason():
    left_out = [LeftOut(stack="c", reason="no Python", remedy="install it", asked=True)]
    lines = "\n".join(told([FULL, HOLE], left_out))
    assert "3 of 4 cells measured" in lines
    assert "b: 1 cell not measured: interrupted" in lines
    assert "c: unavailable: no Python" in lines
    assert "install it" in lines


def test_a_row_without_a_lock_costs_no_other_row_its_run(tmp_path):
    new = replace(MATRIX.get("tf2.15"), id="new", matrix_file=tmp_path / "stacks.toml")
    found = {**machine("3.11"), "new": machine("3.11")["tf2.15"]}
    picked = selection.asked_for([new, MATRIX.get("tf2.15")], found, allow_download=False, meant={"new"})
    assert [stack.id for stack in picked.stacks] == ["tf2.15"]
    (out,) = picked.left_out
    assert (out.stack, out.reason, out.asked) == (
        "new",
        f"it has no lock in {tmp_path / 'locks'}, the folder beside its matrix file",
        True,
    )
    assert "nestbench lock new" in out.remedy
