"""Results on disk: read as written, written whole, current or not."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_stage import DIGESTS, filled, observation, with_nestbench

from nestbench.errors import UsageError
from nestbench.store import HostFacts, StackFacts, Store, codec
from nestbench.store.records import CaseResult
from nestbench.store.results import by_number
from nestprobe.observation import (
    ModelRecord,
    Observation,
    Outcome,
    PhaseRecord,
    Raised,
    VariableRecord,
)


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
    assert '"trained": {"model": "as called"}' in text
    assert '"saved-weights": "done"' in text
    assert '"model": {"as": "called", "layers": ["outer_1 (Outer)"]}' in text
    assert '"user_calls": {"A": 2, "B": 1}' in text
    assert all(len(line) <= 165 for line in lines if '"name"' not in line)
    assert json.loads(text)["schema"] == 1


def test_what_makes_a_result_current(tmp_path):
    store = filled(tmp_path)
    assert store.current_variants("tf2.15", "a-case", DIGESTS) == [{"owner": "layer"}, {"owner": "model"}]
    assert store.current_variants("tf2.16", "a-case", DIGESTS) == []
    for part in ("case", "lock", "probe"):
        changed = replace(DIGESTS, **{part: "x"})
        assert store.current_variants("tf2.15", "a-case", changed) == []


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
    reason=st.none() | words,
    raised=st.none() | st.builds(Raised, words, words),
    warnings=st.lists(words, max_size=2),
    model=st.none() | models,
    user_calls=st.none() | st.dictionaries(words, st.integers(0, 9), max_size=2),
)


phase_maps = st.dictionaries(
    st.sampled_from(["constructed", "built", "called", "trained", "cloned"]), phase_records
)


flags = st.none() | st.booleans() | st.just(True)
variables = st.builds(
    VariableRecord,
    name=words,
    shape=st.lists(st.integers(-1, 9), max_size=2),
    dtype=st.sampled_from(["float32", "int64"]),
    created_in=st.sampled_from(["called", "constructed"]),
    in_weights=st.integers(0, 2),
    in_trainable_weights=st.integers(0, 2),
    gradient=flags,
    changed_by_step=flags,
    in_weights_file=flags,
    in_model_file=flags,
    in_checkpoint=flags,
    restored_from_weights_file=flags,
)


@given(phases=phase_maps, seen=st.lists(variables, max_size=2))
def test_whatever_was_observed_comes_back(phases, seen):
    result = CaseResult(
        stack="s",
        case="c",
        digests=DIGESTS,
        observations=[Observation("c", {}, Outcome("observed"), phases, seen)],
    )
    text = codec.encode(result)
    assert codec.decode(CaseResult, text, Path("f")) == result
    assert codec.encode(codec.decode(CaseResult, text, Path("f"))) == text


def test_reading_and_writing_need_no_heavy_import():
    code = "import sys, nestbench.store; sys.exit('pandas' in sys.modules or 'rich' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=with_nestbench())
