"""Environments made with real tox and uv from tiny wheels; what breaks them is noticed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nestbench.environments import altered, environment, environment_folder, prepare, why_not_unaltered
from nestbench.environments.failures import os_failure, provisioning_failure
from nestbench.environments.inspection import differences
from nestbench.errors import GroundError
from nestbench.interpreters import Available, availability
from nestbench.matrix.locks import lock_digest, lock_path, pins, read_lock, write_locks


def rewrite(path: Path) -> None:
    path.unlink()  # a hard link into uv's cache: never write through it
    path.write_text("changed by hand\n")


def rename(site: Path, folder: str, old: str, new: str) -> None:
    metadata = site / folder / "METADATA"
    text = metadata.read_text().replace(f"Version: {old}", f"Version: {new}")
    metadata.unlink()
    metadata.write_text(text)


def added(site: Path) -> None:
    (site / "extra-1.0.dist-info").mkdir()
    (site / "extra-1.0.dist-info" / "METADATA").write_text("Name: extra\nVersion: 1.0\n")


# A short way to damage an environment by hand, and what is said about it.
DAMAGES = {
    "a package removed": (lambda site: shutil.rmtree(site / "tinydep-1.1.dist-info"), "is missing"),
    "a file removed": (lambda site: (site / "tinydep" / "__init__.py").unlink(), "is missing"),
    "a file changed": (lambda site: rewrite(site / "tinydep" / "__init__.py"), "was changed"),
    "another version": (
        lambda site: rename(site, "tinydep-1.1.dist-info", "1.1", "1.0"),
        "tinydep is 1.0, the lock has 1.1",
    ),
    "a package more": (added, "extra 1.0 is not in the lock"),
}


@pytest.fixture
def locked(index, tiny):
    write_locks([tiny])
    return tiny


def made(stack, root, **options):
    return prepare(stack, root, allow_download=False, **options)


def site_of(env):
    return next((env.folder / "venv" / "lib").glob("python*/site-packages"))


def test_environment_is_made_once_and_holds_the_lock(locked, tmp_path, monkeypatch):
    heard = []
    env = made(locked, tmp_path, on_progress=heard.append)
    assert env.freshly_made
    assert env.folder == environment_folder(locked, tmp_path)
    assert env.lock_digest == lock_digest(locked)
    assert "tiny: making its environment" in heard[0]
    code = "import tinyflow, tinydep; print(tinyflow.__version__, tinydep.__version__)"
    out = subprocess.run([env.python_path, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["2.0", "1.1"]
    monkeypatch.setattr(environment, "run_tox", lambda *a, **k: pytest.fail("tox was run again"))
    again = made(locked, tmp_path)
    assert not again.freshly_made
    assert again.python_path == env.python_path


def test_damage_by_hand_is_noticed(locked, tmp_path):
    env = made(locked, tmp_path)
    wanted = {"version": env.python_version, "pins": pins(read_lock(locked))}
    assert differences(env.folder / "venv", **wanted) == ()
    for name, (damage, expected) in DAMAGES.items():
        copy = tmp_path / name
        shutil.copytree(env.folder / "venv", copy, symlinks=True)
        damage(next(copy.glob("lib/python*/site-packages")))
        assert expected in " ".join(differences(copy, **wanted)), name
    python = env.folder / "venv" / "bin" / "python"
    python.unlink()
    assert differences(env.folder / "venv", **wanted) == ("its Python does not run",)


def test_damaged_environment_is_made_again(locked, tmp_path):
    env = made(locked, tmp_path)
    DAMAGES["a package more"][0](site_of(env))
    heard = []
    again = made(locked, tmp_path, on_progress=heard.append)
    assert again.freshly_made
    assert "extra 1.0 is not in the lock" in heard[0]
    assert not (site_of(again) / "extra-1.0.dist-info").exists()


def same_size(site: Path) -> None:
    file = site / "tinydep" / "__init__.py"
    text = file.read_text()
    file.unlink()
    file.write_text(text.replace("1.1", "6.6"))


def through_the_link(site: Path) -> None:
    file = site / "tinydep" / "__init__.py"
    file.write_text(file.read_text().replace("1.1", "6.6"))


def with_its_old_time(site: Path) -> None:
    file = site / "tinydep" / "__init__.py"
    seen = file.stat()
    file.write_text(file.read_text().replace("1.1", "6.6"))
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def of_no_package_with_its_old_time(site: Path) -> None:
    file = site.parents[2] / "pyvenv.cfg"
    seen, text = file.stat(), file.read_text()
    file.write_text(text.replace("site-packages = false", "site-packages = true "))
    assert file.read_text() != text
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))


# What no list of names, versions and sizes tells, and what is said about it.
UNSEEN = {
    "a file of the same size": (same_size, "tinydep: the file tinydep/__init__.py was changed"),
    "a file of uv's cache, too": (through_the_link, "tinydep: the file tinydep/__init__.py was changed"),
    "a time set back": (with_its_old_time, "tinydep: the file tinydep/__init__.py was changed"),
    "that of what no package brought": (of_no_package_with_its_old_time, "not those that it was made with"),
    "a module of no package": (lambda site: (site / "extra.py").write_text(""), "extra.py is of no package"),
    "what runs at the start": (
        lambda site: (site / "_virtualenv.pth").write_text("import os\n"),
        "not those that it was made with",
    ),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_keeps_names_versions_and_sizes_is_noticed_too(locked, tmp_path, name):
    env = made(locked, tmp_path)
    damage, expected = UNSEEN[name]
    assert altered(locked, env) == ""
    damage(site_of(env))
    assert expected in altered(locked, env)
    heard = []
    again = made(locked, tmp_path, on_progress=heard.append)
    assert again.freshly_made
    assert expected in heard[0]
    code = "import importlib.util as u, tinydep; print(tinydep.__version__, u.find_spec('extra'))"
    out = subprocess.run([again.python_path, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["1.1", "None"]
    assert not made(locked, tmp_path).freshly_made


def test_that_uv_s_cache_is_damaged_is_told_with_what_mends_it(locked, tmp_path):
    through_the_link(site_of(made(locked, tmp_path)))
    heard = []
    assert made(locked, tmp_path, on_progress=heard.append).freshly_made
    if not any("past uv's cache" in line for line in heard):
        pytest.skip("no hard links between uv's cache and this folder")
    assert heard[-1].startswith("tiny: uv's cache holds altered files")
    assert "`uv cache clean tinydep`" in heard[-1]


def test_one_that_was_altered_and_made_anew_meanwhile_is_another(locked, tmp_path):
    env = made(locked, tmp_path)
    assert made(locked, tmp_path).made == env.made
    same_size(site_of(env))
    assert "tinydep/__init__.py was changed" in why_not_unaltered(locked, tmp_path, env.made)
    for one, why in ((made(locked, tmp_path), ""), (env, "another environment is in its place")):
        assert altered(locked, one) == why_not_unaltered(locked, tmp_path, one.made) == why
    shutil.rmtree(env.folder)
    assert "there is none yet" in why_not_unaltered(locked, tmp_path, env.made)


def test_an_environment_without_the_records_of_its_files_is_made_again(locked, tmp_path):
    for name in ("files.sha256", "contents.sha256"):
        env = made(locked, tmp_path)
        (env.folder / name).unlink()
        os.utime(site_of(env) / "tinydep" / "__init__.py")  # contents are read where a time differs
        assert made(locked, tmp_path).freshly_made


def test_what_was_only_linked_is_read_once_and_kept(locked, tmp_path, monkeypatch):
    env = made(locked, tmp_path)
    (tmp_path / "linked").hardlink_to(site_of(env) / "tinydep" / "__init__.py")
    reads = []
    real = environment.contents_digest
    monkeypatch.setattr(environment, "contents_digest", lambda venv: reads.append(venv) or real(venv))
    assert [made(locked, tmp_path).freshly_made for _ in range(2)] == [False, False]
    assert altered(locked, env) == ""
    assert len(reads) == 1


def test_byte_code_is_nobodys_change(locked, tmp_path):
    env = made(locked, tmp_path)
    subprocess.run([env.python_path, "-c", "import tinydep"], check=True, env={})
    assert list(site_of(env).glob("tinydep/__pycache__/*.pyc"))
    assert not made(locked, tmp_path).freshly_made


def test_new_lock_makes_the_environment_again(locked, index, tmp_path):
    made(locked, tmp_path)
    index.add("tinydep", "1.2")
    write_locks([locked])
    env = made(locked, tmp_path)
    assert env.freshly_made
    assert (site_of(env) / "tinydep-1.2.dist-info").is_dir()
    assert not (site_of(env) / "tinydep-1.1.dist-info").exists()


def test_lock_with_another_hash_installs_nothing(locked, tmp_path):
    good = read_lock(locked)
    line = next(line for line in good.splitlines() if "--hash" in line)
    lock_path(locked).write_text(good.replace(line.split("sha256:")[1][:64], "0" * 64))
    with pytest.raises(GroundError) as caught:
        made(locked, tmp_path)
    assert "not the one that the lock names" in caught.value.what
    assert "mismatch" in caught.value.what.lower()
    assert "provision.log" in caught.value.what
    assert not (environment_folder(locked, tmp_path) / "stamp.json").exists()
    lock_path(locked).write_text(good)
    assert made(locked, tmp_path).freshly_made


def test_index_out_of_reach(locked, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(GroundError, match="packages could not be fetched"):
        made(locked, tmp_path)


def test_row_that_was_not_locked_again(locked, tmp_path):
    file = locked.matrix_file
    lock_path(locked).write_text(read_lock(locked).replace("# Input: sha256:", "# Input: sha256:0"))
    with pytest.raises(GroundError, match="nestbench lock tiny"):
        made(locked, tmp_path)
    assert file.exists()


def test_tox_that_says_success_and_makes_nothing_is_no_success(locked, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "run_tox", lambda *a, **k: "congratulations :)")
    with pytest.raises(GroundError, match="could not be made"):
        made(locked, tmp_path)


def test_place_that_cannot_be_written(locked, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GroundError, match="cannot be made or written to"):
        made(locked, tmp_path / "file")


def test_controller_killed_while_installing_leaves_nothing_that_counts(locked, index, tmp_path):
    index.hold.clear()
    index.asked.clear()
    shutil.rmtree(os.environ["UV_CACHE_DIR"])
    code = (
        "import sys; from pathlib import Path; from nestbench.matrix import load_matrix;"
        "from nestbench.environments import prepare;"
        "prepare(load_matrix(Path(sys.argv[1])).stacks[0], Path(sys.argv[2]), allow_download=False)"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(locked.matrix_file), str(tmp_path)], env=environ
    )
    assert index.asked.wait(60)
    child.send_signal(signal.SIGKILL)
    child.wait()
    folder = str(environment_folder(locked, tmp_path))
    deadline = time.monotonic() + 20
    while running_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running_in(folder) == []
    index.hold.set()
    heard = []
    assert made(locked, tmp_path, on_progress=heard.append).freshly_made
    assert any("was not finished" in message for message in heard)


def running_in(folder: str) -> list[str]:
    """Command lines of this machine's processes that name the folder or work in it."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if folder in line or folder in str((process / "cwd").readlink()):
                    found.append(line)
            except OSError:
                continue
    return found


def test_two_processes_wait_for_each_other(locked, tmp_path):
    heard = []
    code = (
        "import fcntl, os, sys, time; fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT);"
        "fcntl.flock(fd, fcntl.LOCK_EX); print('held', flush=True); time.sleep(0.5)"
    )
    folder = environment_folder(locked, tmp_path)
    folder.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder / ".alone")], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        env = made(locked, tmp_path, on_progress=heard.append)
    assert env.freshly_made
    assert "waiting for another process" in heard[0]


def test_interpreter_that_is_not_there(locked, tmp_path, monkeypatch):
    assert isinstance(availability(locked, allow_download=False), Available)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(GroundError, match="linux-aarch64"):
        made(locked, tmp_path)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("cause: Failed to write\nNo space left on device (os error 28)", "no space is left"),
        ("error: x\ncause: Hash mismatch for `a==1`", "not the one that the lock names"),
        ("error: Request failed after 3 retries\ncause: dns error", "could not be fetched"),
        ("error: Read-only file system (os error 30)", "cannot be written to"),
        ("stack: SKIP could not find python interpreter with spec(s): x", "Python does not work"),
        ("cause: Failed to build `wrapt==1.12.1`", "could not be built from source"),
        ("error: something new", "something new"),
        ("", "tox said: nothing"),
    ],
)
def test_failure_is_told_from_the_output(output, expected):
    error = provisioning_failure("tf2.0", output, Path("a.log"))
    assert expected in error.what
    assert "a.log" in error.what
    assert error.why
    assert error.do


@pytest.mark.parametrize(("number", "expected"), [(28, "disk"), (30, "read-only"), (5, "failed")])
def test_failed_file_operation_is_told(number, expected):
    error = os_failure("Writing x", OSError(number, os.strerror(number)))
    assert expected in error.why
