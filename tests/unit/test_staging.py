"""The copy of the probe that an environment sees, and the probe as one file."""

import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from nestbench import staging
from nestbench.errors import GroundError, UsageError


def test_the_staged_folder_holds_the_probe_and_nothing_else(tmp_path):
    staged = staging.stage(tmp_path)
    assert [path.name for path in staged.iterdir()] == ["nestprobe"]
    assert (staged / "nestprobe" / "vocabulary.py").is_file()
    assert not list(staged.rglob("*.pyc"))
    assert staging.stage(tmp_path) == staged


def test_a_staged_probe_that_was_altered_is_made_again(tmp_path):
    staged = staging.stage(tmp_path)
    file = staged / "nestprobe" / "kit.py"
    whole = file.read_text()
    for damage in (lambda: file.write_text(whole + "\n"), file.unlink):
        damage()
        assert staging.stage(tmp_path) == staged
        assert file.read_text() == whole
    assert {path.name for path in tmp_path.iterdir()} == {staged.name, "staging.lock"}


def test_many_that_find_it_altered_at_once_make_it_again_once(tmp_path):
    file = staging.stage(tmp_path) / "nestprobe" / "kit.py"
    whole = file.read_text()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            file.write_text(whole + "\n")
            assert len(set(pool.map(lambda _: staging.stage(tmp_path), range(8)))) == 1
            assert file.read_text() == whole


def test_the_staged_probe_imports_alone(tmp_path):
    staged = staging.stage(tmp_path)
    code = "import nestprobe.casefiles; print(nestprobe.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", code],
        env={"PYTHONPATH": str(staged)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(staged))


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GroundError):
        staging.stage(tmp_path / "file" / "probe")
    with pytest.raises(UsageError):
        staging.pack(tmp_path / "nowhere" / "probe.pyz", [])


def test_the_packed_probe_runs_and_holds_the_cases(tmp_path):
    case = tmp_path / "mine.py"
    case.write_text("")
    out = tmp_path / "probe.pyz"
    staging.pack(out, [case])
    assert "cases/mine.py" in zipfile.ZipFile(out).namelist()
    done = subprocess.run([sys.executable, out, "--help"], capture_output=True, text=True, check=True)
    assert "nestprobe" in done.stdout


def test_the_packed_probe_leaves_nothing_when_it_is_ended(tmp_path):
    case, out, tmp = tmp_path / "mine.py", tmp_path / "probe.pyz", tmp_path / "tmp"
    case.write_text(
        "import tempfile, time\ntempfile.mkdtemp()\nprint('waiting', flush=True)\ntime.sleep(60)\n"
    )
    tmp.mkdir()
    staging.pack(out, [case])
    process = subprocess.Popen(
        [sys.executable, out], env={"TMPDIR": str(tmp)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        assert process.stdout.readline() == b"waiting\n"
        assert list(tmp.iterdir())
        process.terminate()
    assert process.returncode not in {0, None}
    assert list(tmp.iterdir()) == []


def test_two_case_files_of_one_name_are_refused(tmp_path):
    paths = [tmp_path / "a" / "mine.py", tmp_path / "b" / "mine.py"]
    for path in paths:
        path.parent.mkdir()
        path.write_text("")
    with pytest.raises(UsageError, match=r"mine\.py"):
        staging.pack(tmp_path / "probe.pyz", paths)
    assert not (tmp_path / "probe.pyz").exists()
