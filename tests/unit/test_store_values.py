"""Values in results: what can be none is refused in words."""

from dataclasses import replace

import pytest
from store_stage import DIGESTS, observation

from nestbench.store import CaseResult, HostFacts, Store, StoreError, codec
from nestbench.store.plain import from_text
from nestprobe.observation import ModelRecord, PhaseRecord, Status, VariableRecord

OWN = {
    "variables listed": ('"weights": 2', '"weights": -3'),
    "calls": ('"python_calls": 9', '"python_calls": -9'),
    "calls of a class": ('"A": 2', '"A": -2'),
    "a size": ('"shape": [5, 10]', '"shape": [-5, 10]'),
    "times listed": ('"in_trainable_weights": 0', '"in_trainable_weights": -1'),
    "not a number": ('"count_params": 83', '"count_params": NaN'),
    "without end": ('"count_params": 83', '"count_params": Infinity'),
}


@pytest.mark.parametrize("name", OWN)
def test_what_the_probe_counts_itself_is_a_number_and_not_below_zero(tmp_path, name):
    text = codec.encode(CaseResult(stack="a", case="a-case", digests=DIGESTS, observations=[counted()]))
    old, new = OWN[name]
    assert codec.decode(CaseResult, text, tmp_path / "a.json").observations == [counted()]
    assert old in text
    with pytest.raises(StoreError, match="broken"):
        codec.decode(CaseResult, text.replace(old, new, 1), tmp_path / "a.json")


def counted():
    variables = [VariableRecord("w", [5, 10], "float16", False, "built", True, False, False, 1, 0)]
    return replace(observation(), variables=variables)


def test_what_a_model_says_of_itself_may_be_below_zero(tmp_path):
    model = ModelRecord(count_params=-3, summary_total=-3)
    variables = [replace(counted().variables[0], shape=[-1])]  # as a size that is not fixed is told
    said = replace(counted(), phases={"called": PhaseRecord(Status.DONE, model=model)}, variables=variables)
    Store(tmp_path).add("a", DIGESTS, said)
    assert Store(tmp_path).load("a", "a-case").observations == [said]


@pytest.mark.parametrize("seconds", ["-0.5", "1e999", "NaN"])
@pytest.mark.parametrize("field", ['"seconds": {{"x": {}}}', '"import_seconds": {}'])
def test_a_time_is_a_number_and_not_below_zero(tmp_path, field, seconds):
    text = '{"schema": 1, "stack": "a", %s}'
    codec.decode(HostFacts, text % field.format("0.5"), tmp_path / "a.json")
    with pytest.raises(StoreError, match="broken"):
        codec.decode(HostFacts, text % field.format(seconds), tmp_path / "a.json")


def test_nor_is_what_is_no_number_read_in_files_of_other_kinds(tmp_path):
    with pytest.raises(StoreError, match="NaN is no number of JSON"):
        from_text(HostFacts, '{"schema": 1, "stack": "a", "import_seconds": NaN}', tmp_path / "a.json", 1)


@pytest.mark.parametrize("model", ['["a list"]', '"as called"'])
def test_what_stands_for_a_model_and_is_none_is_refused_in_words(tmp_path, model):
    phases = f'"called": {{"model": ["x"]}}, "trained": {{"model": {model}}}'
    observed = f'{{"case": "c", "variant": {{}}, "outcome": {{"kind": "observed"}}, "phases": {{{phases}}}}}'
    digests = '{"case": "", "lock": "", "probe": ""}'
    text = f'{{"schema": 1, "stack": "a", "case": "c", "digests": {digests}, "observations": [{observed}]}}'
    with pytest.raises(StoreError, match="broken"):
        codec.decode(CaseResult, text, tmp_path / "a.json")
