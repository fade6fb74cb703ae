"""Results on disk: read as written, written whole, refused in one clear message."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestbench.catalogue import load_catalogue
from nestbench.digests import Digests, file_fingerprint, probe_digest, tree_fingerprint
from nestbench.errors import UsageError
from nestbench.store import HostFacts, StackFacts, Store, StoreError, codec, disk, write_import
from nestbench.store.codec import NewerSchemaError
from nestbench.store.records import CaseResult
from nestbench.store.results import by_number
from nestprobe.observation import (
    ModelRecord,
    Observation,
    Outcome,
    OutcomeKind,
    PhaseRecord,
    Raised,
    Status,
    VariableRecord,
)

DIGESTS = Digests(case="c" * 16, lock="l" * 16, probe="p" * 16)


def observation(case="a-case", variant=None, weights=2):
    model = ModelRecord(
        built=True, count_params=83, trainable_count=83, non_trainable_count=0, summary_total=83,
        summary_trainable=83, summary_non_trainable=0, weights=weights, trainable_weights=2,
        layers=["outer (Outer)", "dense (Dense)"],
    )  # fmt: skip
    return Observation(
        case=case,
        variant=variant or {},
        outcome=Outcome(OutcomeKind.OBSERVED),
        phases={
            "called": PhaseRecord(Status.DONE, model=model, user_calls={"B": 1, "A": 2}),
            "constructed": PhaseRecord(
                Status.DONE,
                model=ModelRecord(
                    built=False, raised={"count_params": Raised("ValueError", "not built: “ü”")}
                ),
            ),
            "trained": PhaseRecord(Status.DONE, model=model),
            "cloned": PhaseRecord(Status.DONE, model=replace(model, layers=["outer_1 (Outer)"])),
        },
        variables=[
            VariableRecord("inner/w", [5, 10], "float32", True, "called", True, True, True, 1, 1),
            VariableRecord("steps", [], "int64", False, "called", True, True, True, 0, 0, False),
        ],
    )


def with_nestbench():
    return os.environ | {"PYTHONPATH": str(Path(disk.__file__).parents[2])}


def filled(tmp_path):
    store = Store(tmp_path / "results")
    store.add("tf2.15", DIGESTS, observation(variant={"owner": "model"}))
    store.add("tf2.15", DIGESTS, observation(variant={"owner": "layer"}))
    return store


def test_comes_back_as_it_was_written(tmp_path):
    store = filled(tmp_path)
    result = store.load("tf2.15", "a-case")
    assert result.digests == DIGESTS
    assert [one.variant["owner"] for one in result.observations] == ["layer", "model"]
    assert result.observations[0] == observation(variant={"owner": "layer"})
    assert store.stacks() == ["tf2.15"]
    assert store.cases("tf2.15") == ["a-case"]
    assert store.load("tf2.15", "absent") is None
    assert store.load("absent", "a-case") is None


def test_order_of_arrival_changes_no_byte(tmp_path):
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    owners = ["layer", "model", "list"]
    for store, order in ((one, owners), (two, owners[::-1])):
        for owner in order:
            store.add("tf2.0", DIGESTS, observation(variant={"owner": owner, "a": "1"}))
    store.add("tf2.0", DIGESTS, observation(variant={"a": "1", "owner": "layer"}))
    assert one.path("tf2.0", "a-case").read_bytes() == two.path("tf2.0", "a-case").read_bytes()


def test_the_file_is_made_for_reading_and_diffing(tmp_path):
    text = filled(tmp_path).path("tf2.15", "a-case").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert text.endswith("}\n")
    assert "“ü”" in text
    assert sum('"name": "inner/w"' in line and '"in_weights": 1' in line for line in lines) == 2
    assert text.index('"constructed"') < text.index('"called"') < text.index('"trained"')
    assert '"trained": {"status": "done", "model": "as called"}' in text
    assert '"model": {"as": "called", "layers": ["outer_1 (Outer)"]}' in text
    assert '"user_calls": {"A": 2, "B": 1}' in text
    assert all(len(line) <= 165 for line in lines if '"name"' not in line)
    assert json.loads(text)["schema"] == 1


def test_what_makes_a_result_current(tmp_path):
    store = filled(tmp_path)
    assert store.is_current("tf2.15", "a-case", {"owner": "layer"}, DIGESTS)
    assert not store.is_current("tf2.15", "a-case", {"owner": "list"}, DIGESTS)
    assert not store.is_current("tf2.16", "a-case", {"owner": "layer"}, DIGESTS)
    for part in ("case", "lock", "probe"):
        changed = replace(DIGESTS, **{part: "x"})
        assert not store.is_current("tf2.15", "a-case", {"owner": "layer"}, changed)


def test_results_of_other_digests_go_when_one_of_new_ones_comes(tmp_path):
    store = filled(tmp_path)
    store.add("tf2.15", replace(DIGESTS, case="new"), observation(variant={"owner": "list"}))
    assert [one.variant for one in store.load("tf2.15", "a-case").observations] == [{"owner": "list"}]


def test_facts_of_stack_and_host(tmp_path):
    store = Store(tmp_path)
    facts = StackFacts(stack="tf2.0", versions={"tensorflow": "2.0.4", "h5py": None}, lock="l")
    store.save_stack(facts)
    assert store.load_stack("tf2.0") == facts
    store.save_host(HostFacts(stack="tf2.0", host={"cpu": "x"}, import_seconds=4.0, seconds={"a": 1.0}))
    store.save_host(HostFacts(stack="tf2.0", host={"cpu": "y"}, seconds={"b": 2.0}))
    kept = store.load_host("tf2.0")
    assert kept.seconds == {"a": 1.0, "b": 2.0}
    assert kept.host == {"cpu": "y"}
    assert store.cases("tf2.0") == []


BROKEN = {
    "cut in half": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "not JSON": lambda _: "<html>",
    "a list": lambda _: "[]",
    "no schema": lambda text: text.replace('"schema": 1,', ""),
    "schema of an older time": lambda text: text.replace('"schema": 1', '"schema": 0'),
    "schema in words": lambda text: text.replace('"schema": 1', '"schema": "1"'),
    "unknown field": lambda text: text.replace('"status":', '"extra": 1, "status":', 1),
    "wrong type": lambda text: text.replace('"count_params": 83', '"count_params": "83"'),
    "missing field": lambda text: text.replace('"dtype": "float32",', "", 1),
    "unknown phase": lambda text: text.replace('"trained"', '"drained"'),
    "unknown outcome": lambda text: text.replace('"observed"', '"obscured"'),
    "unknown status": lambda text: text.replace('"status": "done"', '"status": "dune"'),
    "reference to nothing": lambda text: text.replace("as called", "as nothing"),
    "phases as a list": lambda text: text.replace('"phases": {', '"phases": 3, "x": {', 1),
    "another case": lambda text: text.replace('"a-case"', '"b-case"'),
    "another stack": lambda text: text.replace('"tf2.15"', '"tf2.16"'),
}


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
    assert not store.is_current("tf2.15", "a-case", {"owner": "layer"}, DIGESTS, said.append)
    store.add("tf2.15", DIGESTS, observation(variant={"owner": "layer"}))
    assert store.is_current("tf2.15", "a-case", {"owner": "layer"}, DIGESTS)


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
    old = path.read_text(encoding="utf-8").replace('"schema": 1', '"schema": 0')
    path.write_text(old.replace('"case": "a-case"', '"case": "old-case"'), encoding="utf-8")

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
    with pytest.raises(StoreError):
        Store(tmp_path / "results").prepare()


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


def test_a_partial_file_of_a_living_writer_stays_for_an_hour(tmp_path):
    young = tmp_path / f".nestbench-{os.getpid()}-x.part"
    young.write_text("")
    old = tmp_path / f".nestbench-{os.getpid()}-y.part"
    old.write_text("")
    os.utime(old, (1, 1))
    assert disk.clean(tmp_path) == 1
    assert young.exists()


def test_many_threads_of_one_process(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    store = Store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add("tf2.0", DIGESTS, observation(variant={"n": str(n)})), range(40)))
    assert len(store.load("tf2.0", "a-case").observations) == 40


def test_stacks_are_in_the_order_of_their_versions(tmp_path):
    store = Store(tmp_path)
    for stack in ("tf2.10", "tf2.9", "tf2.21-keras3.5", "here-tf2.21.0"):
        store.add(stack, DIGESTS, observation())
    (tmp_path / "table.md").write_text("")
    (tmp_path / ".hidden").mkdir()
    assert store.stacks() == ["here-tf2.21.0", "tf2.9", "tf2.10", "tf2.21-keras3.5"]
    assert by_number("tf2.9") < by_number("tf2.10")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b"])
def test_a_stack_name_is_a_file_name(tmp_path, name):
    with pytest.raises(UsageError):
        Store(tmp_path).add(name, DIGESTS, observation())


words = st.text(min_size=1, max_size=20)
models = st.builds(
    ModelRecord,
    built=st.none() | st.booleans(),
    count_params=st.none() | st.integers(0, 99),
    weights=st.none() | st.integers(0, 9),
    layers=st.none() | st.lists(words, max_size=2),
    raised=st.dictionaries(words, st.builds(Raised, words, words), max_size=2),
)
phase_records = st.builds(
    PhaseRecord,
    status=st.sampled_from(["done", "raised", "skipped"]),
    warnings=st.lists(words, max_size=2),
    model=st.none() | models,
    user_calls=st.none() | st.dictionaries(words, st.integers(0, 9), max_size=2),
)
phase_maps = st.dictionaries(
    st.sampled_from(["constructed", "built", "called", "trained", "cloned"]), phase_records
)


@given(phases=phase_maps)
def test_whatever_was_observed_comes_back(phases):
    result = CaseResult(
        stack="s",
        case="c",
        digests=DIGESTS,
        observations=[Observation("c", {}, Outcome("observed"), phases)],
    )
    text = codec.encode(result)
    assert codec.decode(CaseResult, text, Path("f")) == result
    assert codec.encode(codec.decode(CaseResult, text, Path("f"))) == text


CASE_FILE = """from nestprobe import case
@case(parameters=83)
def a_case(k):
    "Symptom."
    return k
"""


def brought(tmp_path, **changes):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "page.py").write_text(CASE_FILE)
    catalogue = load_catalogue([folder], shipped=False)
    data = {
        "schema": 1,
        "stack": {
            "versions": {"python": "3.13.0", "tensorflow": "2.21.0", "keras": "3.12.0"},
            "flavour": "keras3",
        },
        "observations": [codec._data(observation())],
        "host": {"node": "elsewhere"},
    } | changes
    path = tmp_path / "result.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path, catalogue


def test_a_result_file_becomes_a_stack_of_its_own(tmp_path):
    path, catalogue = brought(tmp_path)
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue)
    assert name == "here-tf2.21.0-keras3.12.0-py3.13"
    assert store.load(name, "a-case").observations == [observation()]
    assert store.load_stack(name).origin == "brought"
    assert store.load_host(name).host == {"node": "elsewhere"}
    # The sender could not say what it ran: the result is there, and not current.
    assert store.load(name, "a-case").digests.case == ""
    assert write_import(store, path, catalogue, "gpu-box") == "gpu-box"
    assert write_import(store, path, catalogue) == name  # again: replaced


def test_a_result_of_the_same_sources_is_current(tmp_path):
    path, catalogue = brought(tmp_path)
    entry = catalogue.get("a-case")
    data = json.loads(path.read_text())
    data["sources"] = {
        "cases": {"a-case": file_fingerprint(entry.file)},
        "probe": tree_fingerprint(),
    }
    path.write_text(json.dumps(data))
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue)
    digests = store.load(name, "a-case").digests
    assert digests == Digests(case=entry.digest, lock=store.load_stack(name).lock, probe=probe_digest())


def test_result_files_that_are_refused(tmp_path):
    path, catalogue = brought(tmp_path)
    store = Store(tmp_path / "results")
    with pytest.raises(UsageError, match="no such result file"):
        write_import(store, tmp_path / "absent.json", catalogue)
    store.save_stack(StackFacts(stack="tf2.15", versions={}))
    with pytest.raises(UsageError, match="already"):
        write_import(store, path, catalogue, "tf2.15")
    whole = path.read_text()
    path.write_text(whole[:-20])
    with pytest.raises(StoreError, match="broken"):
        write_import(store, path, catalogue)
    path.write_text(json.dumps(json.loads(whole) | {"observations": []}))
    with pytest.raises(UsageError, match="no observations"):
        write_import(store, path, catalogue)
    path.write_text(json.dumps(json.loads(whole) | {"schema": 9}))
    with pytest.raises(NewerSchemaError):
        write_import(store, path, catalogue)
    assert store.stacks() == ["tf2.15"]


def test_the_real_disk_when_it_is_full(tmp_path):
    """/dev/full gives the real error of a full disk to whoever writes to it."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OSError) as raised:
        full.write_text("x")
    assert "disk is full" in disk._in_words(raised.value, "it").why.lower()


def test_reading_and_writing_need_no_heavy_import():
    code = "import sys, nestbench.store; sys.exit('pandas' in sys.modules or 'rich' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=with_nestbench())
