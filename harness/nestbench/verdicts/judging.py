"""From the findings of the rules to one judgement an entry."""

from collections.abc import Sequence

from nestbench.verdicts import rules
from nestbench.verdicts.about import about as findings_about
from nestbench.verdicts.notes import as_many, notes_of, sound
from nestbench.verdicts.variables import oracle_of, text_of
from nestbench.verdicts.verdict import RANK, Entry, Finding, Judgement, Verdict
from nestprobe.observation import Observation, OutcomeKind, Status

__all__ = ["judge", "unmeasured"]

_NOT_MEASURED = {
    OutcomeKind.NOT_APPLICABLE: (Verdict.NOT_APPLICABLE, "the case needs what is not there"),
    OutcomeKind.NOT_LOADED: (Verdict.UNAVAILABLE, "the case file does not import on this stack"),
}


def judge(
    observation: Observation, parameters: int, trainable: int, about: Sequence[str] = ()
) -> tuple[Judgement, Judgement]:
    """The judgements of the entries call and build.

    ``parameters`` and ``trainable``: the case's arithmetic for this variant, numbers of scalars.
    ``about``: where else the case's symptom shows, e.g. ``("checkpoint",)``.
    """
    kind = observation.outcome.kind
    if kind in _NOT_MEASURED:
        verdict, words = _NOT_MEASURED[kind]
        said = rules.with_detail(words, observation.outcome.detail)
        return _only(Entry.CALL, verdict, said), _only(Entry.BUILD, verdict, said)
    return _judge_call(observation, parameters, trainable, about), _judge_build(observation, parameters)


def unmeasured(verdict: Verdict, why: str) -> tuple[Judgement, Judgement]:
    """Judgements of a cell that has no observation, e.g. because its stack cannot be made."""
    return _only(Entry.CALL, verdict, why), _only(Entry.BUILD, verdict, why)


def _judge_call(observation: Observation, parameters: int, trainable: int, about: Sequence[str]) -> Judgement:
    oracle = oracle_of(observation, parameters)
    called = observation.phases.get("called")
    model = called.model if called else None
    counted = model.count_params if model else None
    findings = [*rules.ends(observation), *rules.raises(observation, trainable)]
    wrong = rules.wrong(observation, oracle, parameters)
    if wrong:
        findings = [*rules.ends(observation), *wrong]
    elif oracle is not None:
        findings += rules.count(model, observation, oracle, "after the call")
        findings += rules.listed_wrongly(observation.variables)
        findings += rules.untrained(observation, trainable)
        findings += rules.overtrained(observation, trainable)
        findings += rules.unsaved(observation)
        findings += findings_about(observation, about, oracle)
    elif not findings:
        why = called.reason if called and called.reason else "the probe did not report a call"
        findings = [Finding(Verdict.UNAVAILABLE, f"not measured: {why}")]
    return _judgement(
        Entry.CALL,
        findings,
        tracked=tuple(sound(observation, counted)),
        counted=counted,
        oracle=oracle,
        notes=tuple(notes_of(observation)),
    )


def _judge_build(observation: Observation, parameters: int) -> Judgement:
    oracle = oracle_of(observation, parameters)
    built = observation.phases.get("built")
    model = built.model if built else None
    counted = model.count_params if model else None
    findings: list[Finding] = []
    if built is None:
        findings = rules.ends(observation) or [
            Finding(Verdict.UNAVAILABLE, "the probe did not report build(shape)")
        ]
    elif built.status == Status.SKIPPED:
        reason = built.reason or "no reason given"
        findings = [Finding(Verdict.NOT_APPLICABLE, f"build(shape) was skipped: {reason}")]
    elif rules.wrong(observation, None, parameters):
        findings = rules.wrong(observation, None, parameters)
    elif built.status == Status.RAISED:
        findings = [Finding(Verdict.RAISES, f"build(shape) raised {text_of(built.raised)}")]
    elif model is not None and "count_params" in model.raised:
        findings = rules.count(model, observation, 0, "after build(shape)")
    elif oracle is None:
        findings = rules.ends(observation) or [
            Finding(
                Verdict.UNAVAILABLE,
                f"count_params() {counted} after build(shape), but nothing to hold it against: "
                "the forward pass did not run",
            )
        ]
    else:
        findings = rules.wrong(observation, oracle, parameters) or rules.count(
            model, observation, oracle, "after build(shape)"
        )
    tracked = (as_many(counted),)
    return _judgement(Entry.BUILD, findings, tracked=tracked, counted=counted, oracle=oracle)


def _judgement(
    entry: Entry,
    findings: Sequence[Finding],
    *,
    tracked: tuple[str, ...],
    counted: int | None,
    oracle: int | None,
    notes: tuple[str, ...] = (),
) -> Judgement:
    ordered = sorted(findings, key=lambda finding: RANK[finding.verdict])
    kinds = tuple(dict.fromkeys(finding.verdict for finding in ordered))
    if kinds:
        evidence = tuple(finding.evidence for finding in ordered)
    else:
        kinds = (Verdict.TRACKED,)
        evidence = tracked
    return Judgement(
        entry=entry,
        headline=kinds[0],
        findings=kinds,
        evidence=evidence,
        notes=notes,
        counted=counted,
        expected=oracle,
    )


def _only(entry: Entry, verdict: Verdict, why: str) -> Judgement:
    return Judgement(entry=entry, headline=verdict, findings=(verdict,), evidence=(why,))
