"""All that is another on the newer stack, the gravest first: variables, files, errors, counts, names."""

from collections.abc import Iterator, Sequence

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.listing import listing_differences
from nestbench.audit.oldfiles import FILES, old_file_differences
from nestbench.audit.side import Side
from nestbench.audit.variables import loses, variable_differences
from nestbench.names import number_of
from nestbench.portability.record import KINDS
from nestbench.verdicts.rules import with_detail
from nestbench.verdicts.variables import done, oracle_of, parameters_of, size, text_of
from nestprobe.observation import ModelRecord, Observation, OutcomeKind, PhaseRecord, Status

__all__ = ["differences"]

_PHASES = {
    "built": "build(shape)",
    "called-in-training": "a call with training=True",
    "saved-weights": "save_weights()",
    "saved-model": "save()",
    "saved-checkpoint": "writing a TF checkpoint",
    "reloaded-weights": "load_weights()",
    "reloaded-model": "load_model()",
    "reloaded-checkpoint": "reading a TF checkpoint",
    "cloned": "from_config(get_config())",
    "trained": "compile() and fit()",
}


def differences(before: Side, after: Side, files: Sequence[str] = KINDS) -> tuple[Difference, ...]:
    """What is another on ``after``, the gravest first. Both sides must be measured.

    ``files``: the kinds of file that are asked about.
    """
    old, new = before.observation, after.observation
    assert old is not None
    assert new is not None
    found = [
        *variable_differences(old, new, files),
        *_counts(old, new),
        *_built_counts(old, new),
        *_outputs(old, new, files),
        *old_file_differences(before, after, files),
        *_errors(old, new, files),
        *_endings(old, new),
        *listing_differences(before, after),
        *_calls(old, new),
        *_warnings(old, new),
    ]
    return tuple(sorted(found, key=lambda one: one.gravity))  # stable: within one, as they stand here


def _phase(observation: Observation, name: str) -> PhaseRecord | None:
    return observation.phases.get(name)


def _model(observation: Observation, name: str) -> ModelRecord | None:
    phase = _phase(observation, name)
    return phase.model if phase is not None else None


def _counts(old: Observation, new: Observation) -> Iterator[Difference]:
    """Numbers that fall below what the forward pass reads, where they did not before."""
    for phase, field, words in (
        ("called", "count_params", "count_params()"),
        ("called", "summary_total", "the total of summary()"),
        ("trained", "summary_total", "the total of summary() after fit()"),
        ("cloned", "count_params", "count_params() of the clone"),
    ):
        said = [getattr(_model(one, phase), field, None) for one in (old, new)]
        read = [oracle_of(one, None) for one in (old, new)]
        less = [
            None if count is None or oracle is None else count < oracle
            for count, oracle in zip(said, read, strict=True)
        ]
        if None in less or less[0] == less[1]:
            continue
        worse = new if less[1] else old
        read_there = read[less.index(True)]
        if read_there is not None and _listed(worse) < read_there:
            continue  # that is told of the variables, which are not listed
        yield Difference(
            gravity=Gravity.SILENT if less[1] else Gravity.BETTER,
            kinds=(Kind.COUNT,),
            title=f"{words} is {said[1]} and was {said[0]}",
            evidence=(f"the forward pass reads {read[0]} -> {read[1]}",),
            marks=frozenset({f"{'' if less[1] else '+'}count:{phase}.{field}"}),
        )


def _built_counts(old: Observation, new: Observation) -> Iterator[Difference]:
    """What build(shape) alone leaves uncounted: nothing is lost by it once the model is called."""
    built, called = (
        [getattr(_model(one, phase), "count_params", None) for one in (old, new)]
        for phase in ("built", "called")
    )
    less = [
        None if count is None or whole is None else count < whole
        for count, whole in zip(built, called, strict=True)
    ]
    if None in less or less[0] == less[1]:
        return
    yield Difference(
        gravity=Gravity.OTHER if less[1] else Gravity.BETTER,
        kinds=(Kind.COUNT,),
        title=f"count_params() after build(shape) alone is {built[1]} and was {built[0]}",
        evidence=(f"after a call it is {called[0]} -> {called[1]}",),
        marks=frozenset({f"{'' if less[1] else '+'}count:built.count_params"}),
    )


def _listed(observation: Observation) -> int:
    """Scalars of the parameters that Keras lists."""
    return sum(size(one) for one in parameters_of(observation.variables) if one.in_weights)


def _outputs(old: Observation, new: Observation, files: Sequence[str]) -> Iterator[Difference]:
    for kind in files:
        said = [getattr(_phase(one, f"reloaded-{kind}"), "same_output", None) for one in (old, new)]
        if None in said or said[0] == said[1]:
            continue
        yield Difference(
            gravity=Gravity.BETTER if said[1] else Gravity.SILENT,
            kinds=(Kind.OUTPUT,),
            title=f"a fresh model that loads its own {FILES[kind]} gives "
            + ("the same output now" if said[1] else "another output now"),
            evidence=("saved and loaded on the same stack, with literal weights",),
            marks=frozenset({f"{'+' if said[1] else ''}output:{kind}"}),
        )


def _errors(old: Observation, new: Observation, files: Sequence[str]) -> Iterator[Difference]:
    for name, words in _PHASES.items():
        before, after = _phase(old, name), _phase(new, name)
        if before is None or after is None or name.partition("-")[2] in {*FILES} - {*files}:
            continue
        if before.status == Status.DONE and after.status == Status.RAISED:
            yield _raises(Gravity.LOUD, f"{words} raises", text_of(after.raised), mark=f"raises:{name}")
        elif before.status == Status.RAISED and after.status == Status.DONE:
            yield _works(new, name, text_of(before.raised))
        elif before.status == after.status == Status.RAISED and before.raised != after.raised:
            said = f"{text_of(before.raised)} -> {text_of(after.raised)}"
            yield _raises(
                Gravity.OTHER, f"{words} raises on both, and says something else", said, mark=f"says:{name}"
            )


def _works(new: Observation, name: str, raised_before: str) -> Difference:
    """What no longer raises: no better where it is a file that cannot be read, or that lacks something."""
    title, mark, file = f"{_PHASES[name]} works, and raised before", f"+raises:{name}", name.partition("-")[2]
    reading = _phase(new, f"reloaded-{file}") if name.startswith("saved-") else None
    if reading is not None and reading.status == Status.RAISED:
        words = _PHASES[f"reloaded-{file}"]
        said = (text_of(reading.raised), f"before: {raised_before}")
        # By this mark its cause is found, and the step at which it comes.
        mark = f"raises:reloaded-{file}"
        return _raises(Gravity.OTHER, f"{title}; {words} then raises", *said, mark=mark)
    # What it lacks is told of the variables.
    gravity = Gravity.OTHER if loses(new, file) else Gravity.BETTER
    return _raises(gravity, title, raised_before, mark=mark)


def _raises(gravity: Gravity, title: str, *evidence: str, mark: str) -> Difference:
    return Difference(
        gravity=gravity, kinds=(Kind.RAISES,), title=title, evidence=evidence, marks=frozenset({mark})
    )


def _endings(old: Observation, new: Observation) -> Iterator[Difference]:
    ended = [one.outcome.kind != OutcomeKind.OBSERVED for one in (old, new)]
    if ended[0] == ended[1]:
        return
    outcome = new.outcome if ended[1] else old.outcome
    where = f" in phase {outcome.phase}" if outcome.phase else ""
    yield Difference(
        gravity=Gravity.LOUD if ended[1] else Gravity.BETTER,
        kinds=(Kind.ENDS,),
        title=("the process ends" if ended[1] else "the process comes to its end, and did not before:")
        + f"{where}: {with_detail(outcome.kind, outcome.detail)}",
        evidence=("what comes after was not measured",) if ended[1] else (),
        marks=frozenset({"ends" if ended[1] else "+ends"}),
    )


def _calls(old: Observation, new: Observation) -> Iterator[Difference]:
    """How often the model's own ``call()`` runs in the first build; exact, and the same in every run."""
    for name, words in (("called", "the first call"), ("built", "build(shape)")):
        runs = [
            getattr(_phase(one, name), "user_calls", None) if done(one, name) else None for one in (old, new)
        ]
        if runs[0] is None or runs[1] is None or runs[0] == runs[1]:
            continue
        changed = [
            f"{owner}: {runs[0].get(owner, 0)} -> {runs[1].get(owner, 0)}"
            for owner in sorted({*runs[0], *runs[1]})
            if runs[0].get(owner, 0) != runs[1].get(owner, 0)
        ]
        sums = [sum(one.values()) for one in runs if one is not None]
        yield Difference(
            gravity=Gravity.OTHER,
            kinds=(Kind.CALLS,),
            title=f"in {words}, your call() methods run {number_of(sums[1], 'time')} now, {sums[0]} before",
            evidence=tuple(changed),
            marks=frozenset({f"calls:{name}"}),
        )


def _warnings(old: Observation, new: Observation) -> Iterator[Difference]:
    before = {text for phase in old.phases.values() for text in phase.warnings}
    after: dict[str, list[str]] = {}
    for name, phase in new.phases.items():
        for text in phase.warnings:
            after.setdefault(text, []).append(name)
    for text, places in after.items():
        if text not in before:
            yield Difference(
                gravity=Gravity.OTHER,
                kinds=(Kind.WARNS,),
                title=f"a new warning in {', '.join(places)}",
                evidence=(text,),
                marks=frozenset({f"warns:{text}"}),
            )
