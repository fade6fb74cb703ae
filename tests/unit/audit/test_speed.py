"""The timing session of an audit, over launches whose times are made up: few blocks are no evidence."""

import sys
from pathlib import Path

import pytest
from run_stage import FAKE_PROBE

from nestbench.audit.asked import asked_for
from nestbench.audit.casefile import catalogue_of
from nestbench.audit.speed import measure_speed
from nestbench.matrix import load_matrix
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.statistics.comparison import LEAST_PAIRS


@pytest.fixture
def speed(tmp_path, monkeypatch):
    monkeypatch.setattr("nestbench.staging.stage", lambda _folder: FAKE_PROBE)
    (tmp_path / "case").mkdir()
    asked = asked_for(None, {"from": "tf2.15", "to": "tf2.21"}, {"factory": "models:make"})
    matrix, said = load_matrix(), []
    found = measure_speed(
        [matrix.get("tf2.15"), matrix.get("tf2.21")],
        catalogue_of(asked, tmp_path / "case"),
        lambda _stack, _say: Prepared(python=Path(sys.executable)),
        blocks=LEAST_PAIRS,
        limit=30,
        workspace=Workspace(root=tmp_path),
        scratch=tmp_path,
        say=said.append,
    )
    return found, said


def test_few_blocks_are_interleaved_with_a_control_and_prove_nothing(speed):
    found, said = speed
    assert found.blocks == LEAST_PAIRS
    assert sum("launch" in line for line in said) == LEAST_PAIRS * 3
    assert len(found.answers.rows) == 4
    assert {str(row.answer) for row in found.answers.rows} <= {"same", "no evidence"}
    assert any("no difference is large enough" in line for line in found.caveats)
