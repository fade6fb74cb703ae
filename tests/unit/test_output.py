"""Files that a person named: replaced as a whole, written through where they are no regular file."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nestbench.errors import ExitCode, GroundError, UsageError
from nestbench.output import write_output


def write(path, text="new\n", **more):
    write_output(Path(path), text.encode(), option="-o", **more)


def test_a_new_file_and_one_that_is_there(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("old\n")
    old.chmod(0o600)
    for path in (new, old):
        write(path)
        assert path.read_text() == "new\n"
    assert [path.stat().st_mode & 0o777 for path in (new, old)] == [0o644, 0o600]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "far").mkdir()
    for name, target in (("there", "far/file"), ("not-yet", "far/later")):
        link = tmp_path / name
        link.symlink_to(target)
        write(link)
        assert link.is_symlink()
        assert (tmp_path / target).read_text() == "new\n"


def test_a_device_stays_a_device():
    write(os.devnull)
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_device_is_told_and_stays(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/dev/full")
    for path in (Path("/dev/full"), link):
        with pytest.raises(GroundError, match="full"):
            write(path)
    assert Path("/dev/full").is_char_device()
    assert link.is_symlink()


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    write(pipe)
    reader.join(10)
    assert read == ["new\n"]
    assert pipe.is_fifo()


def test_what_stdout_is_appended_to_is_kept(tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    code = "from pathlib import Path; from nestbench.output import write_output as w;"
    code += "w(Path('/dev/stdout'), b'new\\n', option='-o')"
    with log.open("ab") as stream:
        subprocess.run(
            [sys.executable, "-c", code],
            stdout=stream,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert log.read_text() == "before\nnew\n"


def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path):
    with pytest.raises(UsageError) as raised:
        write(tmp_path / "mistyped" / "table.md")
    assert f"no folder {tmp_path / 'mistyped'}" in raised.value.what
    assert "-o" in raised.value.do
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UsageError, match="folder") as raised:
        write(tmp_path)
    assert "-o" in raised.value.do
    assert raised.value.exit_code is ExitCode.USAGE


def test_an_executable_file(tmp_path):
    write(tmp_path / "probe", executable=True)
    assert os.access(tmp_path / "probe", os.X_OK)
