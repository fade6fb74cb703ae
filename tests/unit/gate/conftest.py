import pytest
from gate_stage import Stage


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A workspace of its own, whose catalogue is small; no CI around it."""
    made = Stage(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nestbench.catalogue.load_catalogue", lambda *_, **__: made.catalogue)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    return made
