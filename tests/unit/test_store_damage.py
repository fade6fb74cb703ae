"""Damaged files, full and read-only disks, killed writers: one clear message, nothing half-written."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from store_stage import DIGESTS, filled, observation, with_nestbench

from nestbench.errors import UsageError
from nestbench.store import HostFacts, StackFacts, Store, StoreError, codec, disk
from nestbench.store.codec import NewerSchemaError
from nestbench.store.seal import sealed, unsealed


def with_a_cell_twice(text, **differently):
    data = json.loads(text)
    data.pop("seal", None)
    data["observations"].append({**data["observations"][0], **differently})
    return sealed(json.dumps(data, indent=1) + "\n")


BROKEN = {
    "cut in half": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "not JSON": lambda _: "<html>",
    "a list": lambda _: "[]",
    "no schema": lambda text: text.replace('"schema": 1,', ""),
    "schema of an older time": lambda text: text.replace('"schema": 1', '"schema": 0'),
    "schema in words": lambda text: text.replace('"schema": 1', '"schema": "1"'),
    "unknown field": lambda text: text.replace('"python_calls":', '"extra": 1, "python_calls":', 1),
    "wrong type": lambda text: text.replace('"count_params": 83', '"count_params": "83"'),
    "missing field": lambda text: text.replace('"dtype": "float32",', "", 1),
    "unknown phase": lambda text: text.replace('"trained"', '"drained"'),
    "unknown outcome": lambda text: text.replace('"observed"', '"obscured"'),
    "unknown status": lambda text: text.replace('"saved-weights": "done"', '"saved-weights": "dune"'),
    "reference to nothing": lambda text: text.replace("as called", "as nothing"),
    "phases as a list": lambda text: text.replace('"phases": {', '"phases": 3, "x": {', 1),
    "another case": lambda text: text.replace('"a-case"', '"b-case"'),
    "another stack": lambda text: text.replace('"tf2.15"', '"tf2.16"'),
    "no seal": lambda text: unsealed(text, Path()),
    "a cell twice": with_a_cell_twice,
    "a cell twice, contradicting": lambda text: with_a_cell_twice(text, variables=[]),
}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"schema": 1', "cut it short"),
        ("[" * 500, "nothing like it"),
        ('{"a": ' + "1" * 5000, "nothing like it"),
    ],
)
def test_what_is_no_json_was_not_always_cut(tmp_path, text, cause):
    with pytest.raises(StoreError) as raised:
        codec.decode(StackFacts, text, tmp_path / "a.json")
    assert cause in raised.value.why


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_or_measured_again(tmp_path, name):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    text = path.read_text(encoding="utf-8")
    broken = BROKEN[name](text)
    assert broken != text
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(StoreError) as raised:
        store.load("tf2.15", "a-case")
    assert raised.value.exit_code == 4
    assert str(path) in raised.value.what
    assert raised.value.why
    assert raised.value.do
    said = []
    assert store.load("tf2.15", "a-case", said.append) is None
    assert len(said) == 1
    assert store.current_variants("tf2.15", "a-case", DIGESTS, said.append) == []
    store.add("tf2.15", DIGESTS, observation(variant={"owner": "layer"}))
    assert store.current_variants("tf2.15", "a-case", DIGESTS) == [{"owner": "layer"}]


def test_a_cell_that_is_told_in_two_ways_is_read_in_none(tmp_path):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    whole = path.read_text(encoding="utf-8")
    for text, says in (
        (with_a_cell_twice(whole), "the same"),
        (with_a_cell_twice(whole, variables=[]), "different things"),
    ):
        path.write_text(text, encoding="utf-8")
        for load in (store.load, store.reader().load):
            with pytest.raises(StoreError, match=rf"one cell \(owner=layer\), which say {says}"):
                load("tf2.15", "a-case")


@pytest.mark.parametrize("name", ["_stack", "_host"])
def test_facts_of_another_stack_are_refused(tmp_path, name):
    store = filled(tmp_path)
    store.save_stack(StackFacts(stack="tf2.16", versions={"keras": "3.6.0"}))
    store.save_host(HostFacts(stack="tf2.16", host={"date": "2026-01-02"}))
    store.path("tf2.16", name).rename(store.path("tf2.15", name))
    load = store.load_stack if name == "_stack" else store.load_host
    with pytest.raises(StoreError, match=r"of tf2\.16, not of tf2\.15"):
        load("tf2.15")
    said = []
    assert load("tf2.15", said.append) is None
    assert len(said) == 1


def test_a_file_that_is_cut_anywhere_is_never_believed(tmp_path):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    whole = path.read_bytes()
    for length in range(len(whole) - 1):  # only the last line's end may be missing
        path.write_bytes(whole[:length])
        with pytest.raises(StoreError):
            store.load("tf2.15", "a-case")


def test_a_flipped_bit_is_never_believed(tmp_path):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    whole = path.read_bytes()
    result = store.load("tf2.15", "a-case")
    for place in range(len(whole)):
        for load in (store.load, store.reader().load):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
            with pytest.raises(StoreError):
                load("tf2.15", "a-case")
    path.write_bytes(whole)
    assert store.load("tf2.15", "a-case") == result


def test_what_is_no_file_or_too_large_is_not_read(tmp_path):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StoreError, match="could not be read"):
        store.load("tf2.15", "a-case")
    path.unlink()
    path.touch()
    os.truncate(path, 10**10)
    with pytest.raises(StoreError, match="could not be read") as raised:
        store.load("tf2.15", "a-case")
    assert "too large" in raised.value.why
    assert "Remove it" in raised.value.do


def test_bytes_that_are_no_text(tmp_path):
    store = filled(tmp_path)
    store.path("tf2.15", "a-case").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="is not text"):
        store.load("tf2.15", "a-case")


def test_a_newer_schema_is_refused_and_never_overwritten(tmp_path):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    newer = path.read_text(encoding="utf-8").replace('"schema": 1', '"schema": 2')
    path.write_text(newer, encoding="utf-8")
    with pytest.raises(NewerSchemaError, match="newer nestbench"):
        store.load("tf2.15", "a-case", lambda _: None)
    with pytest.raises(NewerSchemaError):
        store.add("tf2.15", DIGESTS, observation())
    assert path.read_text(encoding="utf-8") == newer


def test_an_older_schema_is_migrated(tmp_path, monkeypatch):
    store = filled(tmp_path)
    path = store.path("tf2.15", "a-case")
    old = unsealed(path.read_text(encoding="utf-8"), path).replace('"schema": 1', '"schema": 0')
    path.write_text(sealed(old.replace('"case": "a-case"', '"case": "old-case"')), encoding="utf-8")

    def from_0(data):
        data["case"] = "a-case"
        for one in data["observations"]:
            one["case"] = "a-case"
        return data

    monkeypatch.setitem(codec.MIGRATIONS, 0, from_0)
    assert store.load("tf2.15", "a-case").schema == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch, number):
    store = filled(tmp_path)
    before = store.path("tf2.15", "a-case").read_bytes()

    def full(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(StoreError, match="disk is full") as raised:
        store.add("tf2.15", DIGESTS, observation(variant={"owner": "list"}))
    assert "Free some space" in raised.value.do
    assert store.path("tf2.15", "a-case").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "results/tf2.15").iterdir()) == ["a-case.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; the next test stands in")
def test_a_read_only_folder(tmp_path):
    root = tmp_path / "shut"
    root.mkdir()
    root.chmod(0o500)
    with pytest.raises(StoreError, match="may not do that"):
        Store(root).prepare()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_refuses(tmp_path, monkeypatch, number):
    def refuse(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk.tempfile, "mkstemp", refuse)
    with pytest.raises(StoreError, match="may not do that") as raised:
        Store(tmp_path).prepare()
    assert "--results" in raised.value.do


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        Store(tmp_path / "results").prepare()
    with pytest.raises(StoreError):
        Store(tmp_path / "results").add("tf2.15", DIGESTS, observation())


KILLED = """
import os, sys
from pathlib import Path
from nestbench.store import Store, disk

disk.os.fsync = lambda _: os._exit(9)
store = Store(Path(sys.argv[1]))
store.save(store.load("tf2.15", "a-case"))
"""


def test_killed_while_writing_leaves_nothing_half_written(tmp_path):
    store = filled(tmp_path)
    before = store.path("tf2.15", "a-case").read_bytes()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root)], check=False, env=with_nestbench()
    )
    assert killed.returncode == 9
    assert store.path("tf2.15", "a-case").read_bytes() == before
    assert len(list(store.root.glob("**/.nestbench-*.part"))) == 1
    store.prepare()
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["a-case.json"]


def partial_of(folder, monkeypatch, name):
    """A file that a writer of this process could not end."""
    monkeypatch.setattr(disk.os, "fsync", lambda _: pytest.fail("killed"))
    monkeypatch.setattr(disk.Path, "unlink", lambda *_, **__: None)
    with pytest.raises(pytest.fail.Exception):
        disk.write_text(folder / name, "half")
    monkeypatch.undo()
    (left,) = set(folder.glob(".nestbench-*.part"))
    return left


def test_a_partial_file_of_a_living_writer_stays_for_an_hour(tmp_path, monkeypatch):
    left = partial_of(tmp_path, monkeypatch, "one.json")
    assert disk.clean(tmp_path) == 0
    os.utime(left, (1, 1))
    assert disk.clean(tmp_path) == 1
    assert not left.exists()


def test_a_partial_file_of_a_writer_elsewhere_stays_for_an_hour(tmp_path, monkeypatch):
    """In another container its process id means another process, or none."""
    left = partial_of(tmp_path, monkeypatch, "one.json")
    _, _, _, rest = left.name.split("-", 3)
    elsewhere = left.rename(left.with_name(f".nestbench-elsewhere-{2**22 + 1}-{rest}"))
    assert disk.clean(tmp_path) == 0
    os.utime(elsewhere, (1, 1))
    assert disk.clean(tmp_path) == 1


def test_many_threads_of_one_process(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    store = Store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add("tf2.0", DIGESTS, observation(variant={"n": str(n)})), range(40)))
    assert len(store.load("tf2.0", "a-case").observations) == 40


def test_the_real_disk_when_it_is_full(tmp_path):
    """/dev/full gives the real error of a full disk to whoever writes to it."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OSError) as raised:
        full.write_text("x")
    assert "disk is full" in disk._in_words(raised.value, "it").why.lower()
