"""What is accepted: a line a case variant, made from a whole run, changed only where behaviour did."""

import json

from gate_stage import LABELS

from nestbench.store.seal import sealed, unsealed

BASELINE = "results/accepted/tf2.15.json"


def test_a_run_becomes_a_baseline_of_a_line_a_cell(stage):
    stage.measure()
    done = stage.accept()
    assert "tf2.15: accepted, 3 cells: 0 changed, 3 new, 0 gone." in done.output
    text = (stage.root / BASELINE).read_text()
    data = json.loads(text)
    assert (data["schema"], data["stack"], tuple(data["cells"])) == (1, "tf2.15", LABELS)
    assert data["cells"]["plain"]["call"] == "tracked"
    for fact in ("used", "counted", "built", "trained", "saved", "restored"):
        assert data["cells"]["plain"][fact] == 50
    assert all(sum(label in line for line in text.splitlines()) == 1 for label in LABELS)


def test_what_changes_without_harm_is_no_part_of_it(stage):
    stage.measure(plain={"raises": "ValueError", "message": "layer_3 is not built"})
    stage.accept()
    before = (stage.root / BASELINE).read_bytes()
    stage.measure(held={"python_calls": 9000}, plain={"raises": "ValueError", "message": "other words"})
    assert stage.check().exit_code == 0
    assert "tf2.15: as accepted, 3 cells." in stage.accept().output
    assert (stage.root / BASELINE).read_bytes() == before


def test_a_change_is_told_and_is_one_line_of_the_file(stage):
    stage.measure()
    stage.accept()
    before = (stage.root / BASELINE).read_text().splitlines()
    stage.measure(plain={"counted": 20})
    done = stage.accept()
    assert "1 changed, 0 new, 0 gone" in done.output
    assert "plain: call tracked -> uncounted; build tracked -> uncounted; counted 50 -> 20" in done.output
    after = (stage.root / BASELINE).read_text().splitlines()
    assert len(set(before) ^ set(after)) == 2


def test_what_is_not_whole_is_refused_and_costs_no_other_stack(stage):
    stage.measure("tf2.15", leave_out=["plain"])
    stage.measure("tf2.16")
    done = stage.call("accept")
    assert done.exit_code == 3
    assert "tf2.15: refused: 1 cell cannot be accepted." in done.output
    assert "not measured:\n    plain" in done.output
    assert stage.baselines.stacks() == ["tf2.16"]


def test_what_was_measured_with_another_probe_is_refused_too(stage):
    stage.measure(probe="an older probe")
    done = stage.call("accept", "--incomplete")
    assert done.exit_code == 3
    assert "measured before the case, its lock or the probe changed" in done.output
    assert stage.baselines.stacks() == []


def test_incomplete_leaves_the_lines_of_missing_cells_as_they_were(stage):
    stage.measure(plain={"counted": 20})
    stage.accept()
    (stage.store.root / "tf2.15" / "plain.json").unlink()
    stage.measure(leave_out=["plain"], held={"counted": 20})
    done = stage.accept("tf2.15", "--incomplete")
    assert "1 missing and left as they were" in done.output
    cells = stage.baselines.load("tf2.15").cells
    assert [cells[label]["counted"] for label in LABELS] == [20, 20, 20]


def test_one_case_alone_can_be_accepted(stage):
    stage.measure()
    stage.accept()
    stage.measure(plain={"counted": 20}, held={"counted": 20})
    stage.accept("tf2.15", "--case", "plain")
    cells = stage.baselines.load("tf2.15").cells
    assert [cells[label]["counted"] for label in LABELS] == [50, 50, 20]


def test_a_case_that_is_wrong_is_not_accepted(stage):
    stage.measure(plain={"counted": 50})
    path = stage.store.path("tf2.15", "plain")
    text = unsealed(path.read_text(), path)
    path.write_text(sealed(text.replace('"shape": [5, 10]', '"shape": [5, 11]')))
    done = stage.call("accept")
    assert done.exit_code == 3
    assert "the case itself is at fault" in done.output


def test_a_line_whose_case_is_gone_goes(stage):
    stage.measure()
    stage.accept()
    baseline = stage.baselines.load("tf2.15")
    baseline.cells["once"] = baseline.cells["plain"]
    stage.baselines.save(baseline)
    assert stage.kinds() == [("gone", "tf2.15", "once")]
    assert stage.check().exit_code == 1
    assert stage.check("--case", "plain").exit_code == 0  # of other cases it does not speak
    assert "1 gone" in stage.accept().output
    assert stage.check().exit_code == 0


def test_a_baseline_of_another_schema_is_told_and_can_be_made_anew(stage):
    stage.measure("tf2.15")
    stage.measure("tf2.16", plain={"counted": 20})
    stage.accept()
    path = stage.root / BASELINE
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 7'))
    done = stage.check("tf2.15")
    assert done.exit_code == 4
    assert "tf2.15.json has schema 7; this nestbench reads 1" in done.output
    assert "nestbench accept tf2.15" in done.output
    assert stage.call("accept", "tf2.15", "--case", "plain").exit_code == 2
    assert stage.check("tf2.16").exit_code == 0  # the other stack is looked at all the same
    assert "it is replaced" in stage.accept("tf2.15").output
    assert stage.check("tf2.15").exit_code == 0


def test_a_broken_baseline_costs_its_stack_and_no_other(stage):
    stage.measure("tf2.15")
    stage.measure("tf2.16")
    stage.accept()
    (stage.root / BASELINE).write_text("{")
    assert stage.check().exit_code == 4
    stage.edit("plain", "tf2.16", counted=60)
    done = stage.check()
    assert done.exit_code == 1  # what was found counts, whatever could not be read
    assert "tf2.15.json is broken" in done.output


def test_nothing_to_accept_is_incomplete_and_an_unknown_stack_wrong_usage(stage):
    assert stage.call("accept").exit_code == 3
    stage.measure()
    assert stage.call("accept", "tf2.99").exit_code == 2
    assert stage.call("accept", "tf2.15", "--case", "no-such").exit_code == 2
    done = stage.call("accept", "tf2.16")
    assert done.exit_code == 3
    assert "tf2.16: refused: 3 cells cannot be accepted.\n  not measured\n" in done.output
