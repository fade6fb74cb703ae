"""What holds for every unit test."""

import tempfile

import pytest
from hypothesis import settings

from nestbench.run import alone

settings.register_profile("thorough", max_examples=2000)  # --hypothesis-profile=thorough


@pytest.fixture(autouse=True)
def nothing_left_among_temporary_files(tmp_path_factory, monkeypatch):
    """Each test has a folder of its own for temporary files, which is empty when it is over."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert [path.name for path in folder.iterdir()] == []


@pytest.fixture(autouse=True)
def nobody_else_measures(tmp_path_factory, monkeypatch):
    """Tests run beside each other, and beside what is really measured: each has a lock of its own."""
    folder = tmp_path_factory.mktemp("alone")
    monkeypatch.setattr(alone, "_folders", lambda: [folder])
