"""Claims: judged by what was measured and by nothing else; the shipped ones name what exists."""

import json
import re
from dataclasses import replace

import pytest
from store_stage import DIGESTS
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.claims import Claim, Decider, Outcome, Scope, load_claims, rule
from nestbench.claims.signal import Known, parse
from nestbench.cli import app
from nestbench.digests import probe_digest
from nestbench.errors import UsageError
from nestbench.frames import Result, State
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import lock_digest
from nestbench.report.claims import span
from nestbench.store import Measured, Prototype, StackFacts, Store
from nestbench.verdicts import judge
from nestprobe.observation import ModelRecord, Observation, PhaseRecord, Raised, VariableRecord
from nestprobe.observation import Outcome as Ended

CASE = "article-example-2"


def seen(*, counted=50, raised=None, kind="observed", skipped=False):
    weight = VariableRecord(
        name="w", shape=[5, 10], dtype="float32", trainable=True, created_in="called", used=True,
        used_in_inference=True, used_in_training=True, in_weights=1, in_trainable_weights=1,
        changed_by_step=True, gradient=True, in_weights_file=None,
    )  # fmt: skip
    done = PhaseRecord("done", model=ModelRecord(count_params=counted, layers=["a (A)", "b (B)"]))
    called = PhaseRecord("raised", raised=Raised("ValueError", "no")) if raised else done
    if skipped:
        called = PhaseRecord("skipped", reason="there was nothing to call")
    phases = {} if kind == "not-applicable" else {"built": done, "called": called}
    return Observation(CASE, {}, Ended(kind, "no TensorFlow"), phases, [] if raised else [weight])


CATALOGUE = load_catalogue()
(CELL,) = CATALOGUE.select([CASE]).cells(["tf2.15"])


def result(observation, state=State.CURRENT):
    judgements = judge(observation, 50, 50) if observation is not None else ()
    measured = Measured(Prototype(observation)) if observation is not None else None
    return Result(cell=CELL, state=state, measured=measured, judgements=judgements)


def claim(*holds, case=CASE, **scope):
    return Claim(
        id="a-claim",
        sentence="Everything is counted as it should be.",
        sources=("https://example.org/said",),
        stacks=Scope(**scope),
        decided_by=(Decider(case=case, holds=holds),),
    )


RULINGS = {
    "held": (("called.count_params == used",), result(seen()), Outcome.HELD),
    "refuted": (("called.count_params == used",), result(seen(counted=0)), Outcome.REFUTED),
    "all must hold": (
        ("called.count_params == 50", "verdict == tracked"), result(seen(counted=0)), Outcome.REFUTED),
    "a word": (("verdict == uncounted",), result(seen(counted=0)), Outcome.HELD),
    "an exception": (("called.raised == ValueError",), result(seen(raised=True)), Outcome.HELD),
    "no exception": (("called.raised == nothing",), result(seen()), Outcome.HELD),
    "a length": (("called.layers == 2",), result(seen()), Outcome.HELD),
    "scalars": (("scalars.changed_by_step == 50",), result(seen()), Outcome.HELD),
    "a flag that was not measured": (("scalars.in_weights_file == 0",), result(seen()), Outcome.UNDECIDED),
    "no signal": (("called.count_params == used",), result(seen(raised=True)), Outcome.UNDECIDED),
    "refuted outranks what is undecided": (
        ("scalars.in_weights_file == 0", "called.count_params == 1"), result(seen()), Outcome.REFUTED),
    "not applicable": (
        ("called.count_params == used",), result(seen(kind="not-applicable")), Outcome.NOT_APPLICABLE),
    "a phase that did not run": (
        ("called.raised == nothing",), result(seen(skipped=True)), Outcome.UNDECIDED),
    "that it did not run": (("called.status == skipped",), result(seen(skipped=True)), Outcome.HELD),
    "did not run": (("called.count_params == used",), result(None, State.MISSING), Outcome.NOT_MEASURED),
    "measured before the case changed": (
        ("called.count_params == used",), result(seen(), State.STALE), Outcome.NOT_MEASURED),
}  # fmt: skip


@pytest.mark.parametrize(("holds", "measured", "outcome"), RULINGS.values(), ids=RULINGS)
def test_ruling(holds, measured, outcome):
    ruling = rule(claim(*holds), "tf2.15", {CASE: [measured]})
    assert ruling.outcome is outcome
    assert CASE in ruling.evidence


def test_a_claim_is_not_held_by_a_part_of_its_cases():
    (other,) = CATALOGUE.select(["article-example-1"]).cells(["tf2.15"])
    one = claim("called.count_params == used")
    both = replace(one, decided_by=(*one.decided_by, replace(one.decided_by[0], case="article-example-1")))

    def ruled(first, second):
        results = {CASE: [result(first)], other.case.id: [replace(result(second), cell=other)]}
        return rule(both, "tf2.15", results)

    apart = seen(kind="not-applicable")
    assert ruled(seen(), seen()).outcome is Outcome.HELD
    assert ruled(seen(), apart).outcome is ruled(apart, seen()).outcome is Outcome.NOT_APPLICABLE
    assert ruled(seen(counted=0), apart).outcome is Outcome.REFUTED


def test_a_case_that_is_not_there_decides_nothing():
    assert rule(claim("called.count_params == used"), "tf2.15", {}).outcome is Outcome.NOT_MEASURED


def test_scope_is_by_facts():
    rows = load_matrix()
    old, new, jax = (rows.get(name) for name in ("tf2.1", "tf2.21", "keras3.15-jax"))
    assert [Scope(keras=">=3.0").holds(one) for one in (old, new, jax)] == [False, True, True]
    assert [Scope(keras="<3.0").holds(one) for one in (old, new, jax)] == [True, False, False]
    assert [Scope(tensorflow=">=2.16").holds(one) for one in (old, new, jax)] == [False, True, False]
    assert [Scope(backend="jax").holds(one) for one in (old, new, jax)] == [False, False, True]


@pytest.mark.parametrize("text", ["called.count_params", "called.nothing == 1", "nobody == 1", "a.b < used"])
def test_what_is_no_comparison(text):
    with pytest.raises(ValueError, match="is no"):
        parse(text)


def test_evidence_shows_both_sides():
    known = Known(observation=seen(counted=0), judgements=(), parameters=50)
    assert parse("called.count_params < used").shown(known) == "called.count_params 0, used 50"


def test_shipped_claims_name_cases_and_variants_that_exist_and_sources():
    claims = load_claims(CATALOGUE)
    article = {one.id for one in claims if one.id.startswith("article-")}
    assert {f"article-{number}" for number in range(1, 11)} <= article
    assert len(claims) - len(article) >= 40
    stacks = load_matrix().stacks
    assert all(any(one.stacks.holds(stack) for stack in stacks) for one in claims)


BROKEN = {
    "unknown case": ('case = "no-such-case"', "no-such-case"),
    "unknown variant": (f'case = "{CASE}", variant = {{ owner = "x" }}', "no variant"),
}


@pytest.mark.parametrize(("decider", "said"), BROKEN.values(), ids=BROKEN)
def test_broken_claims_are_told(tmp_path, decider, said):
    path = tmp_path / "claims.toml"
    head = '[[claim]]\nid = "x"\nsentence = "Long enough a sentence."\nsources = ["https://example.org"]\n'
    path.write_text(f'{head}decided_by = [{{ {decider}, holds = ["used == 1"] }}]\n')
    with pytest.raises(UsageError, match=said):
        load_claims(CATALOGUE, path)
    path.write_text(f'{head}decided_by = [{{ case = "{CASE}", holds = ["usd == 1"] }}]\n')
    with pytest.raises(UsageError, match="usd"):
        load_claims(CATALOGUE, path)


def test_the_command_says_where_and_by_what(tmp_path):
    store = Store(tmp_path)
    case = CATALOGUE.get(CASE)
    for stack in ("tf2.14", "tf2.15"):
        lock = lock_digest(load_matrix().get(stack))
        store.add(stack, replace(DIGESTS, case=case.digest, probe=probe_digest(), lock=lock), seen())
    run = CliRunner()
    said = run.invoke(app, ["claims", "article-3", "--results", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "held on tf2.14, tf2.15 (2 stacks): article-example-2: built.count_params 50" in said.stdout
    assert "not measured on tf2.0 to tf2.13" in said.stdout
    none = run.invoke(app, ["claims", "article-3", "--refuted", "--results", str(tmp_path)])
    assert (none.exit_code, "article-3" in none.stdout) == (0, False)  # it is held wherever it was measured
    data = run.invoke(app, ["claims", "article-3", "--results", str(tmp_path), "--format", "json"])
    assert {one["outcome"] for one in json.loads(data.stdout)[0]["rulings"]} == {"held", "not-measured"}
    page = run.invoke(app, ["claims", "article-3", "--results", str(tmp_path), "--format", "markdown"])
    assert re.search(r"\[source\]\(https://github\.com/[^\s()]+zero-in-a\.md\)\n", page.stdout)
    none = run.invoke(app, ["claims", "article-1", "--results", str(tmp_path)])
    assert none.exit_code == 3
    assert run.invoke(app, ["claims", "article-33", "--results", str(tmp_path)]).exit_code == 2


def test_a_measured_stack_that_a_claim_does_not_speak_of_is_named_with_the_reason(tmp_path):
    for stack in ("tf2.15", "keras2.3"):
        Store(tmp_path).save_stack(StackFacts(stack=stack, versions={}, lock=""))

    def said(*arguments):
        return CliRunner().invoke(app, ["claims", *arguments, "--results", str(tmp_path)]).stdout

    every, late = "article-3", "migration-variable-untracked"
    no_keras_2 = "does not speak of keras2.3 (1 stack): it says nothing of multi-backend Keras 2\n"
    assert f"  {no_keras_2}" in said(every)
    assert said(every).count("does not speak of") == 1
    assert "  does not speak of tf2.15 (1 stack): it is about Keras >=3.0\n" in said(late)
    assert f"- {no_keras_2}" in said(every, "--format", "markdown")
    (data,) = json.loads(said(late, "--format", "json"))
    assert list(data["unspoken"]) == ["tf2.15", "keras2.3"]
    assert "does not speak of" not in said(every, "--stack", "tf2.15")


def test_neighbours_are_a_range_from_three_on():
    order = ["a", "b", "c", "d", "e"]
    assert span(["c", "a", "b"], order) == "a to c (3 stacks)"
    assert span(["e", "a", "b"], order) == "a, b, e (3 stacks)"
    assert span(["d"], order) == "d (1 stack)"


def test_a_claim_of_keras_2_does_not_speak_of_multi_backend_keras_unless_it_says_so():
    old = load_matrix().get("keras2.3")
    assert not Scope(keras="<3.0").holds(old)
    assert not Scope().holds(old)
    assert Scope(keras="<3.0", multi_backend=True).holds(old)
    assert Scope(keras="<3.0").holds(load_matrix().get("tf2.6"))  # the same flavour, as tf.keras
