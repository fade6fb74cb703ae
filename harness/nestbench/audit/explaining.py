"""Why a difference is there: the rule that the doctor found, the case that shows it, and since when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.side import Finding, Side
from nestbench.audit.signatures import OWN, findings_by_signature
from nestbench.catalogue import CaseEntry, Catalogue, row_label
from nestbench.changes import Behaviour, History, behaviour_of, history_of
from nestbench.frames import Result, collect
from nestbench.matrix import Matrix
from nestbench.matrix.lines import Line, lines
from nestbench.portability import Shelf
from nestbench.run.stored import lock_digests
from nestbench.store import Store
from nestbench.verdicts import Verdict
from nestprobe.doctor.rules import RULES, Rule

__all__ = ["Archive", "Explanation", "Shown", "explain", "follows_from"]

#: By which verdict of a case a kind of difference shows.
_VERDICTS = {
    Kind.UNCOUNTED: Verdict.UNCOUNTED,
    Kind.COUNT: Verdict.UNCOUNTED,
    Kind.UNTRAINED: Verdict.UNTRAINED,
    Kind.OVERTRAINED: Verdict.OVERTRAINED,
    Kind.UNSAVED: Verdict.UNSAVED,
    Kind.UNRESTORED: Verdict.UNSAVED,
    Kind.OUTPUT: Verdict.UNSAVED,
    Kind.NOT_IN_MODEL_FILE: Verdict.UNSAVED,
    Kind.NOT_FROM_MODEL_FILE: Verdict.UNSAVED,
    Kind.NOT_IN_CHECKPOINT: Verdict.UNSAVED,
    Kind.NOT_FROM_CHECKPOINT: Verdict.UNSAVED,
    Kind.OVERCOUNTED: Verdict.OVERCOUNTED,
    Kind.RAISES: Verdict.RAISES,
}
#: What is lost by a kind of file, by which a fresh model, or one that loads an old file, computes otherwise.
_LOST_BY = {
    "weights": (Kind.UNSAVED, Kind.UNRESTORED),
    "model": (Kind.NOT_IN_MODEL_FILE, Kind.NOT_FROM_MODEL_FILE),
    "checkpoint": (Kind.NOT_IN_CHECKPOINT, Kind.NOT_FROM_CHECKPOINT),
}
_OF_WEIGHTS_FILE = frozenset({Kind.UNSAVED, Kind.UNRESTORED})
_OF_TRAINING = frozenset({Kind.UNTRAINED, Kind.NO_GRADIENT})
_OF_MODEL_FILE = frozenset({Kind.NOT_IN_MODEL_FILE, Kind.NOT_FROM_MODEL_FILE})
#: Of which kinds of difference a finding of the doctor can be the cause, by what it is of. None is of a
#: checkpoint alone; what Keras does not track is neither trained nor in any of its files.
_CAUSED = {
    "uncounted": frozenset({Kind.UNCOUNTED, Kind.READS}) | _OF_TRAINING | _OF_WEIGHTS_FILE | _OF_MODEL_FILE,
    "untrained": _OF_TRAINING,
    "unsaved": _OF_WEIGHTS_FILE,
    "unrestored": _OF_WEIGHTS_FILE,
}
#: What a count after build(shape) alone leaves out: cases show it in what they do without a call.
_OF_BUILD = frozenset({"count:built.count_params"})
#: What Keras says where a file holds another number of weights or layers than the model.
_OF_NUMBER = ("mismatch", "expects", "expected", "objects could not be loaded")
#: Words of ``nestprobe.exchange.Result``.
_EQUAL, _NOT_WHOLE = "equal", ("differs", "refuses")
_RULES = {rule.id: rule for rule in (*RULES, *OWN)}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A case variant of which published results show the same difference.

    ``since``: between which releases of which part it came, e.g. ``between TensorFlow 2.15.1 and
    2.16.2``; empty where the two stacks are on no line of releases, and ``why`` says so. Of a file,
    ``exchanged`` says instead what became of the case's own from the one stack to the other.
    """

    case: CaseEntry
    label: str
    verdict: Verdict
    since: str
    why: str = ""
    exchanged: str = ""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A rule with the mend in the words of the reader's own model, and the cases that bear it out.

    ``places``: of the variables in the object graph, with the lines at which they were made; ``positions``:
    theirs in the observation. ``shown`` is
    empty where no published result of the rule's cases differs between the two stacks in the same way.
    """

    rule: Rule
    mend: str
    places: tuple[str, ...]
    shown: tuple[Shown, ...]
    positions: tuple[int, ...] = ()


class Archive:
    """Published results, by case: what each variant did along the lines of releases."""

    def __init__(self, store: Store, matrix: Matrix, catalogue: Catalogue) -> None:
        self._store, self._matrix, self._catalogue = store, matrix, catalogue
        self._exchanged = Shelf(root=store.root.parent / "portability")
        self._results: dict[str, dict[str, dict[str, Result]]] = {}

    @cached_property
    def _locks(self) -> dict[str, str]:
        return lock_digests(self._matrix)

    def shown(
        self, case: str, verdict: Verdict, before: str, after: str, entry_point: str = "call"
    ) -> Iterator[Shown]:
        """The case's variants that do not have ``verdict`` on ``before`` and have it on ``after``.

        ``entry_point``: whether after a ``call`` or after ``build`` alone.
        """
        entry = next((one for one in self._catalogue if one.id == case), None)
        if entry is None:
            return
        line = next((one for one in lines(self._matrix.stacks) if _holds(one, before, after)), None)
        for label, by_stack in self._of(entry).items():
            if line is not None:
                since = _since(history_of(line, label, by_stack), verdict, before, after, entry_point)
                if since:
                    yield Shown(case=entry, label=label, verdict=verdict, since=since)
            elif _differs(by_stack, verdict, before, after, entry_point):
                why = f"{before} and {after} are on no one line of releases"
                yield Shown(case=entry, label=label, verdict=verdict, since="", why=why)

    def exchanged(self, case: str, kind: str, before: str, after: str) -> Iterator[Shown]:
        """The case's variants of which a file of ``before`` loads there, and on ``after`` not as a whole."""
        entry = next((one for one in self._catalogue if one.id == case), None)
        there, here = self._exchanged.load(before), self._exchanged.load(after)
        if entry is None or there is None or here is None:
            return
        for variant in entry.variants:
            label = row_label(entry.id, variant.label)
            own, now = (one.found.get(label, {}).get(before, {}).get(kind) for one in (there, here))
            if own is not None and own.result == _EQUAL and now is not None and now.result in _NOT_WHOLE:
                said = f"saved on {before} and loaded on {after}: {now.result}"
                yield Shown(case=entry, label=label, verdict=Verdict.UNSAVED, since="", exchanged=said)

    def _of(self, entry: CaseEntry) -> Mapping[str, Mapping[str, Result]]:
        if entry.id not in self._results:
            one = Catalogue(folders=self._catalogue.folders, entries=(entry,))
            found: dict[str, dict[str, Result]] = {}
            for result in collect(
                self._store, one.cells(stack.id for stack in self._matrix.stacks), self._locks
            ):
                found.setdefault(result.cell.label, {})[result.cell.stack] = result
            self._results[entry.id] = found
        return self._results[entry.id]


def explain(difference: Difference, before: Side, after: Side, archive: Archive) -> tuple[Explanation, ...]:
    """The rules by which the doctor explains what is lost; none where it found none: nothing is guessed.

    What got better is explained by what the doctor found on the older stack.
    """
    side = before if difference.gravity is Gravity.BETTER else after
    other = after if side is before else before
    found: dict[str, list[Finding]] = {}
    for finding in side.findings:
        if finding.rule in _RULES and _about(difference, finding):
            found.setdefault(finding.rule, []).append(finding)
    for finding in findings_by_signature(difference, before, after) if not found else ():
        found.setdefault(finding.rule, []).append(finding)
    return tuple(
        Explanation(
            rule=_RULES[rule],
            mend=findings[0].mend,
            places=tuple(dict.fromkeys(_place(one) for one in findings)),
            shown=tuple(_shown(_RULES[rule], difference, other.stack, side.stack, archive)),
            positions=tuple(place for one in findings for place in one.positions),
        )
        for rule, findings in found.items()
    )


def follows_from(
    difference: Difference, others: Sequence[Difference], told: Sequence[Explanation] = ()
) -> list[Difference]:
    """The losses of variables by which another output, or an old file refused for it, is explained.

    ``told``: what explains it already. Empty where it is none of these, and where all those of ``others``
    together do not account for what is left.
    """
    left = set(difference.positions) - {place for one in told for place in one.positions}
    if told and not left:
        return []
    if difference.marks == {"old-file:model"} and difference.gravity is Gravity.SILENT and not left:
        # A model file holds its weights as a weights file of that release does.
        moved = [one for one in others if one.marks == {"misplaced:weights"}]
        if moved:
            return moved
    for file, kinds in _LOST_BY.items():
        of_file = difference.marks & {f"output:{file}", f"old-file:{file}"}
        if of_file and (difference.gravity is Gravity.SILENT or _is_refused_for_its_number(difference)):
            losses = [one for one in others if one.positions and {*kinds} & {*one.kinds}]
            losses = [one for one in losses if not left or left & {*one.positions}]
            return losses if left <= {place for one in losses for place in one.positions} else []
    return []


def _is_refused_for_its_number(difference: Difference) -> bool:
    said = " ".join(difference.evidence).lower()
    return difference.gravity is Gravity.LOUD and any(words in said for words in _OF_NUMBER)


def _place(finding: Finding) -> str:
    return f"{finding.place} ({finding.made_at})" if finding.made_at else finding.place


def _about(difference: Difference, finding: Finding) -> bool:
    """Whether a finding is about this difference: about its variables, or about the same failure."""
    if Kind.OLD_FILE in difference.kinds:
        return False  # the doctor saw one stack alone
    if difference.positions:
        caused = _CAUSED.get(finding.kind, frozenset({finding.kind}))
        return bool(set(difference.positions) & set(finding.positions) and {*difference.kinds} & caused)
    if Kind.COUNT in difference.kinds:
        return finding.kind == "unbuilt"
    failed = Kind.RAISES in difference.kinds and finding.kind == "raises"
    return failed and any(finding.said.endswith(line) for line in difference.evidence)


def _shown(rule: Rule, difference: Difference, lacks: str, has: str, archive: Archive) -> Iterator[Shown]:
    """The rule's cases that differ between the two stacks by a verdict of the difference, each once."""
    for file in _LOST_BY:
        if difference.marks & {f"old-file:{file}", f"misplaced:{file}"}:
            for case in rule.cases:
                yield from archive.exchanged(case, file, lacks, has)
    entry_point = "build" if difference.marks == _OF_BUILD else "call"
    verdicts = list(dict.fromkeys(_VERDICTS[kind] for kind in difference.kinds if kind in _VERDICTS))
    for case in rule.cases:
        for verdict in verdicts:
            one = next(archive.shown(case, verdict, lacks, has, entry_point), None)
            if one is not None:
                yield one
                break


def _holds(line: Line, *names: str) -> bool:
    return {*names} <= {stack.id for stack in line.stacks}


def _findings(behaviour: Behaviour, entry_point: str) -> tuple[str, ...]:
    return behaviour.build if entry_point == "build" else behaviour.call


def _since(history: History, verdict: Verdict, before: str, after: str, entry_point: str) -> str:
    """Between which releases ``verdict`` came, going from ``before`` to ``after``; empty where it did not."""
    place = {name: n for n, span in enumerate(history.spans) for name in span.stacks}
    if before not in place or after not in place or place[before] == place[after]:
        return ""
    step = 1 if place[after] > place[before] else -1
    way = [history.spans[n] for n in range(place[before], place[after] + step, step)]
    has = [str(verdict) in _findings(span.behaviour, entry_point) for span in way]
    if has[0] or not has[-1]:
        return ""
    # The last time that it comes: from there on it stays up to the end.
    last = max(n for n, there in enumerate(has) if not there)
    old, new = (way[last], way[last + 1])
    if step < 0:
        return f"between {history.line.part} {new.versions[-1]} and {old.versions[0]}"
    return f"between {history.line.part} {old.versions[-1]} and {new.versions[0]}"


def _differs(
    by_stack: Mapping[str, Result], verdict: Verdict, before: str, after: str, entry_point: str
) -> bool:
    said: list[Behaviour | None] = [
        behaviour_of(by_stack[name]) if name in by_stack else None for name in (before, after)
    ]
    if said[0] is None or said[1] is None:
        return False
    has = [str(verdict) in _findings(one, entry_point) for one in said if one is not None]
    return has == [False, True]
