"""What a run has written stays, whatever writes there beside it."""

from nestbench.given import content
from nestbench.store.custody import Custody


def test_what_is_altered_between_writing_and_noting_does_not_pass_for_written(tmp_path):
    custody = Custody(tmp_path)
    path = tmp_path / "good.json"
    path.write_text("forged")  # a case was quicker than the note of what the run wrote
    custody.note(path, "measured")
    assert custody.mend() == ["good.json"]
    assert path.read_text() == "measured"


def test_what_is_removed_between_writing_and_noting_is_put_back(tmp_path):
    custody = Custody(tmp_path)
    path = tmp_path / "_stack.json"
    custody.note(path, "facts")
    assert custody.mend() == ["_stack.json"]
    assert path.read_text() == "facts"


def test_what_was_written_since_is_undone(tmp_path):
    before = {"a.json": "before", "removed.json": "before"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    custody = Custody(tmp_path)
    (tmp_path / "removed.json").unlink()
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("measured")
        custody.note(tmp_path / name, "measured")
    custody.undo()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_in_haste_only_what_looks_otherwise_is_read(tmp_path, monkeypatch):
    custody = Custody(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.json").write_text("measured")
        custody.note(tmp_path / f"{name}.json", "measured")
    assert custody.mend(hasty=True) == []
    (tmp_path / "b.json").write_text("forged!!")
    (tmp_path / "c.json").unlink()
    (tmp_path / "d.json").write_text("added")
    monkeypatch.setattr("nestbench.store.custody.content", read := Reads())
    assert custody.mend(hasty=True) == ["b.json", "c.json", "d.json"]
    assert read.names == ["b.json", "c.json", "d.json"]
    assert [(tmp_path / f"{name}.json").read_text() for name in ("b", "c")] == ["measured"] * 2
    assert not (tmp_path / "d.json").exists()


class Reads:
    def __init__(self):
        self.names = []

    def __call__(self, path):
        self.names.append(path.name)
        return content(path)
