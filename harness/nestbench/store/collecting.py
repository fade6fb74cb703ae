"""Results of several runs (the jobs of a CI, several machines) brought together into one store.

Nothing is written unless all of it fits together: what two runs measured twice must be the same.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nestbench.catalogue import row_label
from nestbench.errors import ExitCode, IncompleteError, NestbenchError, UsageError
from nestbench.given import content
from nestbench.names import number_of
from nestbench.store.disk import StoreError
from nestbench.store.imported import contradictions, pythons
from nestbench.store.records import CaseResult, HostFacts, StackFacts, label_of
from nestbench.store.results import Store
from nestprobe.observation import Observation

__all__ = ["ContradictionError", "Gathered", "differing", "gather", "listed", "stores_in"]

_DEEP = 3  # folders between what is given and a store: artifacts lie in folders of their own
_SHOWN = 20
_FACTS = "_stack.json"
_HEAD = 1000  # bytes, in which a result says of what it is


class ContradictionError(NestbenchError):
    """Runs that say different things of one and the same cell, measured with the same digests."""

    exit_code = ExitCode.FOUND


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What goes into a store.

    ``unconfirmed``: as ``Unconfirmed`` has them, by stack. ``twice``: number of cells that were there more
    than once, and the same; ``replaced``: of those in the store that were measured with other digests, and
    go. ``notes``: sentences on what else differs.
    """

    results: tuple[CaseResult, ...]
    stacks: tuple[StackFacts, ...]
    hosts: tuple[HostFacts, ...]
    unconfirmed: Mapping[str, Mapping[str, str]]
    twice: int
    replaced: int
    notes: tuple[str, ...] = ()

    def save(self, store: Store) -> None:
        """Write it. Raises StoreError."""
        store.prepare()
        for stack, cells in self.unconfirmed.items():  # before them: a command that is killed here is no look
            store.save_unconfirmed(stack, cells)
        for result in self.results:
            store.save(result)
        for facts in self.stacks:
            store.save_stack(facts)
        for host in self.hosts:
            store.save_host(host)


def stores_in(folders: Sequence[Path]) -> list[Store]:
    """The stores that lie in ``folders``, or are they: wherever a stack says what was imported.

    Raises UsageError for a folder that is not there, for that of one stack, and for one with links that
    lead out of it; StoreError for results without a stack; IncompleteError where none holds any results.
    """
    found: dict[Path, None] = {}
    bare: dict[Path, int] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(
                f"{folder}: no such folder of results.",
                do="Name folders that `nestbench run --results DIR` wrote; `nestbench import` takes the "
                "result file of a probe.",
            )
        if (folder / _FACTS).is_file() or _results_in(folder):
            raise UsageError(
                f"{folder} holds the results of one stack.",
                do=f"Name the folder above it: {folder.resolve().parent}.",
            )
        for depth in range(_DEEP + 1):
            for path in sorted(folder.glob("/".join(["*"] * (depth + 1)) + "/")):
                if (path / _FACTS).is_file():
                    _refuse_ways_out(path, folder)
                    found[path.parent] = None
                elif results := _results_in(path):
                    bare[path] = results
    if bare:
        raise StoreError(
            f"Results without {_FACTS}, which says of what stack they are, so nothing was brought together:\n"
            + listed([f"{path}: {number_of(results, 'case')}" for path, results in bare.items()]),
            why="It was deleted, or left out of a copy or an archive.",
            do="Bring it back from where they were measured, or delete that folder.",
        )
    if not found:
        raise IncompleteError(
            f"There are no results in {', '.join(map(str, folders))}.",
            why="a run that measured nothing writes none",
            do="Look at what the runs said.",
        )
    return [Store(path) for path in found]


def _results_in(folder: Path) -> int:
    """How many results lie in ``folder``, if it is that of a stack, going by the names in them."""
    found = 0
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError):
            head = f'"stack": "{folder.name}",\n "case": "{path.stem}"'
            found += head.encode() in content(path)[:_HEAD]
    return found


def _refuse_ways_out(stack: Path, folder: Path) -> None:
    """Archives come from anybody: what is read lies within what was named."""
    within = folder.resolve()
    for path in (stack, *stack.iterdir()):
        if not path.resolve().is_relative_to(within):
            raise UsageError(
                f"{path} leads out of {folder}, to {path.resolve()}.",
                why="it is a link, which no run writes",
                do="Remove it, or name the folder that it leads to.",
            )


def gather(sources: Sequence[Store], target: Store) -> Gathered:
    """The results of ``sources``, and of ``target`` where they were measured with the same digests.

    Raises ContradictionError where two say different things, StoreError for a file that is broken.
    """
    wrong: list[str] = []
    results: list[CaseResult] = []
    facts: list[StackFacts] = []
    hosts: list[HostFacts] = []
    unconfirmed: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    twice = replaced = 0
    for stack in dict.fromkeys(name for store in sources for name in store.stacks()):
        holding = [store for store in sources if stack in store.stacks()]
        facts += _facts(stack, holding, target, wrong, notes)
        for case in dict.fromkeys(case for store in holding for case in store.cases(stack)):
            merged, same, gone = _merged(stack, case, holding, target, wrong)
            results += [merged] if merged is not None else []
            twice += same
            replaced += gone
        marks = [(store, store.unconfirmed(stack)) for store in [*holding, target]]
        if any(cells for _, cells in marks):
            its = [one for one in results if one.stack == stack]
            unconfirmed[stack] = dict(_unconfirmed(marks, its, target.unconfirmed(stack)))
        found = filter(None, (store.load_host(stack) for store in holding))
        hosts += sorted(found, key=lambda one: (one.host.get("date", ""), sorted(one.host.items())))
    if wrong:
        raise ContradictionError(
            f"These results contradict each other in {number_of(len(wrong), 'place')}, so nothing was "
            f"brought together:\n{listed(wrong)}",
            why="They were measured with other cases, locks or probes, or a case differs from run to run.",
            do="Leave one of the folders out, or measure these cells again from one commit.",
        )
    return Gathered(
        results=tuple(results),
        stacks=tuple(facts),
        hosts=tuple(hosts),
        unconfirmed=unconfirmed,
        twice=twice,
        replaced=replaced,
        notes=tuple(notes),
    )


def listed(lines: Sequence[str]) -> str:
    """The first of them, a line each, and how many more there are."""
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join(f"    {line}" for line in [*lines[:_SHOWN], *more])


def _facts(
    stack: str, sources: Sequence[Store], target: Store, wrong: list[str], notes: list[str]
) -> Iterator[StackFacts]:
    held = [(store, one) for store in sources if (one := store.load_stack(stack)) is not None]
    if not held:
        return
    _, first = held[0]
    there = target.load_stack(stack)
    if there is not None and there.lock == first.lock:
        held.append((target, there))
    for store, one in held[1:]:
        if said := contradictions(first, one):
            wrong.append(f"{stack}: what was imported: {', '.join(said)}: {held[0][0].root} and {store.root}")
    if note := pythons(one for _, one in held):
        notes.append(f"{stack}: {note}")
    yield first


def _merged(
    stack: str, case: str, sources: Sequence[Store], target: Store, wrong: list[str]
) -> tuple[CaseResult | None, int, int]:
    """One case of one stack from all that have it; how many of its cells were there twice, how many go."""
    held = [(store, one) for store in sources if (one := store.load(stack, case)) is not None]
    if not held:
        return None, 0, 0
    first = held[0][1]
    there = target.load(stack, case, lambda _: None)
    gone = len(there.observations) if there is not None and there.digests != first.digests else 0
    if there is not None and there.digests == first.digests:
        held.append((target, there))
    twice = 0
    found: dict[tuple[tuple[str, str], ...], tuple[Store, Observation]] = {}
    for store, result in held:
        if result.digests != first.digests:
            wrong.append(f"{stack} {case}: measured with other digests: {held[0][0].root} and {store.root}")
            continue
        for observation in result.observations:
            key = tuple(sorted(observation.variant.items()))
            where, known = found.setdefault(key, (store, observation))
            if where is store:
                continue
            twice += 1
            if known != observation:
                said = ", ".join(differing(known, observation))
                label = row_label(observation.case, observation.variant)
                wrong.append(f"{label} on {stack}: {said}: {where.root} and {store.root}")
    return replace(first, observations=[one for _, one in found.values()]), twice, gone


def _unconfirmed(
    marks: Sequence[tuple[Store, Mapping[str, str]]], merged: Sequence[CaseResult], there: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Cells that none of those who hold them has confirmed; and of ``there``, what nothing was brought to."""
    brought = set()
    for result in merged:
        held = [(store.load(result.stack, result.case, lambda _: None), cells) for store, cells in marks]
        same = [(one, cells) for one, cells in held if one is not None and one.digests == result.digests]
        for seen in result.observations:
            label = label_of(seen.case, seen.variant)
            brought.add(label)
            by = [cells.get(label) for one, cells in same if one.variant(seen.variant) is not None]
            if by[0] is not None and None not in by:
                yield label, by[0]
    yield from ((label, made) for label, made in there.items() if label not in brought)


def differing(one: Observation, other: Observation) -> Iterable[str]:
    """Phases and fields in which two observations differ."""
    for name in dict.fromkeys([*one.phases, *other.phases]):
        if one.phases.get(name) != other.phases.get(name):
            yield f"phase {name}"
    if one.outcome != other.outcome:
        yield f"outcome {one.outcome.kind} and {other.outcome.kind}"
    if one.variables != other.variables:
        yield "variables"
