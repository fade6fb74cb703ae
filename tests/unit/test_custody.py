"""What a run has written stays, whatever writes there beside it."""

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
