"""The standard streams: a reader that leaves is no error, a full or closed one is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_full = pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")


def process(*arguments, stdout, **environ):
    return subprocess.Popen(
        [sys.executable, "-m", "nestbench", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environ},
    )


@pytest.mark.parametrize("arguments", [["cases"], ["cases", "--format", "json"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(arguments):
    read, write = os.pipe()
    os.close(read)
    with process(*arguments, stdout=write) as running:
        os.close(write)
        assert running.communicate()[1] == b""
    assert running.returncode == 0


@needs_full
@pytest.mark.parametrize("arguments", [["cases"], ["cases", "--help"], ["--help"]])
def test_a_full_stdout_is_told(arguments):
    with Path("/dev/full").open("wb") as full, process(*arguments, stdout=full) as running:
        said = running.communicate()[1].decode()
    assert running.returncode == 4
    assert said.startswith(
        "nestbench: standard output: No space left on device.\n  what to do: Send it where"
    )
    assert "results are kept" not in said  # that is said of a disk that results are written to
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_what_the_terminal_cannot_show_is_spelled_out(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from nestprobe import case\n\n@case(parameters=3)\ndef über(k):\n    'Größe.'\n", encoding="utf-8"
    )
    arguments = ("cases", "*ber", "--cases", str(tmp_path))
    with process(*arguments, stdout=subprocess.PIPE, PYTHONIOENCODING="ascii") as running:
        out, _ = running.communicate()
    assert running.returncode == 0
    assert b"Gr\\xf6\\xdfe." in out


def in_shell(redirections, *arguments):
    """The command with streams as only a shell can leave them."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m nestbench "$@" {redirections}', sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("arguments", [["cases"], ["--version"]])
def test_a_closed_stdout_is_told(arguments):
    done = in_shell(">&-", *arguments)
    assert done.returncode == 4
    assert done.stderr.startswith("nestbench: standard output: it is closed.")
    assert "Traceback" not in done.stderr


def test_a_closed_stdout_that_nobody_needs_is_no_error(tmp_path):
    done = in_shell(">&-", "pack", str(tmp_path / "probe.pyz"))
    assert done.returncode == 0
    assert (tmp_path / "probe.pyz").stat().st_size


@pytest.mark.parametrize("arguments", [["cases", "show", "no-such-case"], ["run", "--workers", "0"]])
@pytest.mark.parametrize("stderr", ["2>&-", pytest.param("2>/dev/full", marks=needs_full)])
def test_what_stderr_does_not_take_leaves_the_exit_code(stderr, arguments):
    assert in_shell(stderr, *arguments).returncode == 2


@needs_full
def test_a_full_output_file_is_named(tmp_path):
    done = in_shell("", "pack", "/dev/full")
    assert done.returncode == 4
    assert "Free some space for /dev/full" in done.stderr
