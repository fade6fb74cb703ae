"""Locks made and checked with the real uv, against an index on this machine."""

from dataclasses import replace

import pytest

from nestbench.errors import GroundError
from nestbench.matrix.locks import (
    LockState,
    check_header,
    check_locks,
    lock_digest,
    lock_path,
    pins,
    read_lock,
    write_locks,
)
from nestbench.matrix.stack import Flavour, HoldBack
from nestbench.matrix.uv_tool import index_url, uv_environ, without_credentials


def test_lock_is_written_once_and_then_current(index, tiny):
    (missing,) = check_locks([tiny])
    assert missing.state is LockState.MISSING
    heard = []
    (written,) = write_locks([tiny], on_progress=heard.append)
    assert written.state is LockState.WRITTEN
    assert heard == ["tiny: written"]
    assert pins(read_lock(tiny)) == {"tinyflow": "2.0", "tinydep": "1.1", "tinytest": "0.1"}
    assert index.url not in read_lock(tiny)
    assert "--only-binary :all:" in read_lock(tiny)
    assert len(lock_digest(tiny)) == 64
    assert [result.state for result in check_locks([tiny])] == [LockState.CURRENT]
    assert [result.state for result in write_locks([tiny])] == [LockState.CURRENT]
    assert [path.name for path in lock_path(tiny).parent.iterdir()] == ["tiny.txt"]


def test_release_after_the_date_changes_nothing_one_before_it_does(index, tiny):
    write_locks([tiny])
    index.add("tinydep", "1.3", uploaded="2021-01-16")
    assert check_locks([tiny])[0].state is LockState.CURRENT
    index.add("tinydep", "1.2", uploaded="2021-01-14")
    (stale,) = check_locks([tiny])
    assert stale.state is LockState.STALE
    assert "tinydep 1.1 -> 1.2" in stale.detail
    write_locks([tiny])  # must not prefer the versions of the lock that it replaces
    assert pins(read_lock(tiny))["tinydep"] == "1.2"


def test_changed_row_is_seen_without_the_index(index, tiny):
    write_locks([tiny])
    assert check_header(tiny).state is LockState.CURRENT
    held = replace(tiny, hold_backs=(HoldBack(requirement="tinydep<1.1", reason="1.1 breaks this test"),))
    assert check_header(held).state is LockState.STALE
    write_locks([held])
    assert pins(read_lock(held))["tinydep"] == "1.0"
    assert check_header(held).state is LockState.CURRENT


def test_reason_of_a_hold_back_is_no_input_of_the_lock(index, tiny):
    write_locks([tiny])
    assert check_header(replace(tiny, keras="2.3.0-tf")).state is LockState.CURRENT


def test_row_with_another_keras_than_the_lock_is_told_the_right_one(index, tiny):
    index.add("tinyflow", "2.0", ("keras",))
    index.add("keras", "2.9.0")
    row = replace(tiny, flavour=Flavour.KERAS2, keras="2.8.0")
    (result,) = write_locks([row])
    assert result.state is LockState.STALE
    assert "keras 2.9.0" in result.detail
    assert write_locks([replace(row, keras="2.9.0")])[0].state is LockState.CURRENT


def test_one_stack_that_fails_does_not_stop_the_others(index, tiny):
    impossible = replace(tiny, id="impossible", tensorflow="9.9")
    failed, written = write_locks([impossible, tiny])
    assert failed.state is LockState.FAILED
    assert "9.9" in failed.detail
    assert written.state is LockState.WRITTEN
    assert not lock_path(impossible).exists()


def test_yanked_release_that_a_row_pins_is_locked_and_told(index, tiny):
    index.yanked.add("tinyflow-2.0-")
    (result,) = write_locks([tiny])
    assert (result.state, result.detail) == (LockState.WRITTEN, "yanked from the index: tinyflow==2.0")
    assert "tinyflow==2.0" in read_lock(tiny)
    index.yanked.clear()
    assert check_locks([tiny])[0].detail == ""


def test_index_out_of_reach_is_a_failure_and_keeps_the_lock(index, tiny, monkeypatch, tmp_path):
    write_locks([tiny])
    before = read_lock(tiny)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    assert check_locks([tiny])[0].state is LockState.FAILED
    assert write_locks([tiny])[0].state is LockState.FAILED
    assert read_lock(tiny) == before


def test_a_lock_that_the_disk_does_not_take_is_a_failure_and_leaves_nothing_behind(index, tiny, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nestbench.whole.os.fsync", full)
    (failed,) = write_locks([tiny])
    assert failed.state is LockState.FAILED
    assert "cannot be written: No space left on device" in failed.detail
    assert list(lock_path(tiny).parent.iterdir()) == []


def test_missing_lock_names_the_command(tiny):
    with pytest.raises(GroundError, match="nestbench lock tiny"):
        lock_digest(tiny)


def test_uv_sees_nothing_that_changes_what_it_resolves(tmp_path):
    given = {
        "PATH": "/bin",
        "UV_INDEX": "https://other.invalid",
        "UV_EXTRA_INDEX_URL": "file:///elsewhere",
        "UV_FIND_LINKS": "/elsewhere",
        "UV_EXCLUDE_NEWER": "2020-01-01",
        "UV_PRERELEASE": "allow",
        "PIP_FIND_LINKS": "/elsewhere",
        "PIP_INDEX_URL": "https://mirror.invalid/simple",
        "PYTHONPATH": "/elsewhere",
        "VIRTUAL_ENV": "/elsewhere",
        "TOX_ENV_DIR": "/elsewhere",
    }
    seen = uv_environ(tmp_path, given)
    assert "/elsewhere" not in " ".join(seen.values())
    assert "other.invalid" not in " ".join(seen.values())
    assert "UV_EXCLUDE_NEWER" not in seen
    assert "UV_PRERELEASE" not in seen
    assert seen["UV_DEFAULT_INDEX"] == "https://mirror.invalid/simple"
    assert seen["UV_NO_CONFIG"] == "1"
    assert seen["TMPDIR"] == str(tmp_path)


def test_index_url_prefers_uvs_names_over_pips():
    given = {"PIP_INDEX_URL": "https://a.invalid/simple/"}
    assert index_url({}) == "https://pypi.org/simple"
    assert index_url(given) == "https://a.invalid/simple"
    given["UV_INDEX_URL"] = "https://b.invalid/simple"
    assert index_url(given) == "https://b.invalid/simple"


def test_credentials_are_never_shown():
    assert without_credentials("https://me:secret@a.invalid/simple") == "https://a.invalid/simple"
