"""What holds for every unit test."""

import tempfile

import pytest
from hypothesis import settings

settings.register_profile("thorough", max_examples=2000)  # --hypothesis-profile=thorough


@pytest.fixture(autouse=True)
def nothing_left_among_temporary_files(tmp_path_factory, monkeypatch):
    """Each test has a folder of its own for temporary files, which is empty when it is over."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert [path.name for path in folder.iterdir()] == []
