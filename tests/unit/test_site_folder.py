"""The folder of a site: never somebody else's, and nothing in it is lost that this command did not make."""

import json

import pytest
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.errors import UsageError
from nestbench.site.folder import MARKER, Folder


def fill(root, **files):
    with Folder(root=root).filling() as work:
        for name, text in files.items():
            path = work / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def fail(root):
    with Folder(root=root).filling() as work:
        (work / "a").write_text("2")
        raise ZeroDivisionError


def names(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_new_and_an_empty_folder_are_filled(tmp_path):
    fill(tmp_path / "new" / "deep", a="1", sub__b="2")
    (tmp_path / "empty").mkdir()
    fill(tmp_path / "empty", a="1")
    assert names(tmp_path / "new" / "deep") == {"a", "sub/b", MARKER}
    assert names(tmp_path / "empty") == {"a", MARKER}


def test_a_second_build_takes_away_what_the_first_made_and_nothing_else(tmp_path):
    root = tmp_path / "site"
    fill(root, a="1", old__b="2", sub__c="3")
    (root / "mine.txt").write_text("mine")
    (root / "sub" / "mine.txt").write_text("mine")
    fill(root, a="new")
    assert names(root) == {"a", "mine.txt", "sub/mine.txt", MARKER}
    assert (root / "a").read_text() == "new"
    assert not (root / "old").exists()


@pytest.mark.parametrize("kind", ["files", "file", "marker of another", "path outside"])
def test_what_is_not_ours_is_refused_and_left_alone(tmp_path, kind):
    root = tmp_path / "site"
    (tmp_path / "precious").write_text("precious")
    if kind == "file":
        root.write_text("precious")
    else:
        root.mkdir()
        (root / "thesis.txt").write_text("precious")
    if kind == "marker of another":
        (root / MARKER).write_text("{}")
    if kind == "path outside":
        (root / MARKER).write_text(json.dumps({"schema": 1, "files": ["../precious"]}))
    with pytest.raises(UsageError):
        fill(root, a="1")
    assert (root if kind == "file" else root / "thesis.txt").read_text() == "precious"
    assert (tmp_path / "precious").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious", "site"]


def test_a_file_of_somebody_else_in_the_place_of_a_new_one_is_refused(tmp_path):
    root = tmp_path / "site"
    fill(root, a="1")
    (root / "b").write_text("mine")
    with pytest.raises(UsageError, match="in the way"):
        fill(root, a="2", b="2")
    assert ((root / "a").read_text(), (root / "b").read_text()) == ("1", "mine")


def test_a_link_leads_nothing_out_of_the_folder(tmp_path):
    root, away = tmp_path / "site", tmp_path / "away"
    fill(root, sub__a="1")
    away.mkdir()
    (away / "a").write_text("precious")
    (root / "sub" / "a").unlink()
    (root / "sub").rmdir()
    (root / "sub").symlink_to(away)
    with pytest.raises(UsageError, match="in the way"):
        fill(root, sub__a="2")
    fill(root, b="2")
    assert (away / "a").read_text() == "precious"


def test_a_build_that_fails_changes_nothing(tmp_path):
    root = tmp_path / "site"
    fill(root, a="1")
    with pytest.raises(ZeroDivisionError):
        fail(root)
    assert (root / "a").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_command_refuses_before_it_reads_anything(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    run = CliRunner().invoke(app, ["report", "-o", str(tmp_path), "--results", str(tmp_path / "none")])
    assert run.exit_code == 2
    assert "not empty" in run.output
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_nothing_measured_is_incomplete(tmp_path):
    run = CliRunner().invoke(
        app, ["report", "-o", str(tmp_path / "site"), "--results", str(tmp_path / "none")]
    )
    assert run.exit_code == 3
    assert not (tmp_path / "site").exists()
