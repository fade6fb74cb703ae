"""Measures a person's model on several stacks: the protocol, the list of weights, files across stacks."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from nestbench.audit.answer import findings_of, notes_of, places_of, weights_of
from nestbench.audit.casefile import CASE
from nestbench.audit.remedies import remedy
from nestbench.audit.side import Side
from nestbench.audit.stopping import raised_itself
from nestbench.catalogue import Catalogue
from nestbench.errors import ExitCode, NestbenchError
from nestbench.matrix import Stack
from nestbench.portability import Chosen, Loaded, Shelf
from nestbench.portability.exchange import Exchange
from nestbench.portability.record import KINDS
from nestbench.run import session
from nestbench.run.inquiry import inquire
from nestbench.run.orchestrate import Prepare, Prepared
from nestbench.run.probe_process import GRACE_SECONDS, IMPORT_SECONDS, Limits
from nestbench.run.progress import Reporter
from nestbench.run.workspace import Workspace
from nestbench.store import Store

__all__ = ["Measuring", "Place"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A stack as a person calls it, and what is made of it: the same, or with requirements beside it."""

    name: str
    stack: Stack


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """``catalogue``: of the model alone. ``prepare``: makes environments, by the ids of what is made."""

    catalogue: Catalogue
    workspace: Workspace
    prepare: Prepare
    limits: Limits
    workers: int
    reporter: Reporter
    _made: dict[str, Prepared] = field(default_factory=dict, init=False)

    def run(self, places: Sequence[Place], scratch: Path) -> dict[str, Side]:
        """What each place answers, by name; one that cannot be measured says why and costs no other.

        ``scratch``: an existing folder, gone afterwards. Raises StoreError where nothing can be kept.
        """
        errors: dict[str, NestbenchError] = {}
        for place in places:
            try:
                self._prepared(place.stack.id, partial(self._say, place.name))
            except NestbenchError as error:
                errors[place.name] = error
        there = [place for place in places if place.name not in errors]
        sides = {name: _unmade(name, error) for name, error in errors.items()}
        sides |= self._observed(there, scratch)
        called = [place for place in there if sides[place.name].measured]
        # Where it runs on another, the doctor may know why it raises here.
        raised = [place for place in there if called and raised_itself(sides[place.name]) is not None]
        listed = self._listed([*called, *raised], scratch)
        loads, notes = self._exchanged(called, scratch)
        for name in (place.name for place in there):
            sides[name] = _joined(sides[name], listed.get(name), loads.get(name, {}), notes.get(name, ()))
        return {place.name: sides[place.name] for place in places}

    def _say(self, name: str, text: str) -> None:
        self.reporter.say(f"{name}: {text}")

    def _prepared(self, stack: str, say: Callable[[str], None]) -> Prepared:
        if stack not in self._made:
            self._made[stack] = self.prepare(stack, say)
        return self._made[stack]

    def _observed(self, places: Sequence[Place], scratch: Path) -> dict[str, Side]:
        if not places:
            return {}
        store = Store(scratch / "results")
        report = session.measure(
            session.plans_of(store, [place.stack for place in places], self.catalogue, again=True),
            self._prepared,
            store=store,
            workspace=self.workspace,
            catalogue=self.catalogue,
            how=session.How(workers=self.workers, limits=self.limits, again=True),
            reporter=self.reporter,
            origin="audit",
        )
        if report.interrupted:
            raise KeyboardInterrupt
        ended = {result.stack: result for result in report.results}
        sides = {}
        for place in places:
            facts = store.load_stack(place.stack.id)
            observation = store.observation(place.stack.id, CASE, {})
            result = ended[place.stack.id]
            code = result.exit_code if observation is None else ExitCode.CLEAN
            why = (result.reason or "nothing came back") if observation is None else ""
            side = Side(
                stack=place.name,
                versions=facts.versions if facts is not None else {},
                observation=observation,
                why=why,
                do=result.error.do if result.error is not None else "",
                code=code,
            )
            sides[place.name] = side
        return sides

    def _listed(self, places: Sequence[Place], scratch: Path) -> dict[str, Mapping[str, Any]]:
        """The answers of ``nestprobe.audited``, by name; a stack that gives none is left out, and told."""

        def one(place: Place) -> Mapping[str, Any] | None:
            try:
                return self._ask(place, scratch)
            except NestbenchError as error:
                self.reporter.say(f"{place.name}: its weights could not be listed: {error.what}")
                return None

        with ThreadPoolExecutor(self.workers) as pool:
            answers = list(pool.map(one, places))
        return {
            place.name: answer for place, answer in zip(places, answers, strict=True) if answer is not None
        }

    def _ask(self, place: Place, scratch: Path) -> Mapping[str, Any]:
        (entry,) = self.catalogue
        return inquire(
            "list-weights",
            {"file": str(entry.file), "case": entry.id},
            self._made[place.stack.id],
            limits=self.limits,
            seconds=IMPORT_SECONDS + self.limits.seconds + GRACE_SECONDS,
            workspace=self.workspace,
            scratch=scratch,
            log=place.stack.id,
        )

    def _exchanged(
        self, places: Sequence[Place], scratch: Path
    ) -> tuple[dict[str, dict[str, dict[str, Loaded]]], dict[str, tuple[str, ...]]]:
        """By loading and by saving stack and by kind, what became of the file; by stack, why that failed."""
        if not places:
            return {}, {}
        (entry,) = self.catalogue
        shelf = Shelf(root=scratch / "loads")
        exchange = Exchange(
            chosen=Chosen(stacks=tuple(place.stack for place in places), cells=((entry, entry.variants[0]),)),
            prepare=self._prepared,
            workspace=self.workspace,
            shelf=shelf,
            workers=self.workers,
            say=self.reporter.say,
            limits=self.limits,
        )
        names = {place.stack.id: place.name for place in places}
        notes: dict[str, tuple[str, ...]] = {}
        for stack, why in exchange.run(again=True).items():
            note = f"files could not be exchanged: {why.rstrip('.')}"
            self._say(names[stack], note)
            notes[names[stack]] = (note,)
        found: dict[str, dict[str, dict[str, Loaded]]] = {}
        for place in places:
            kept = shelf.load(place.stack.id)
            if kept is not None:
                found[place.name] = {
                    names[saver]: {kind: kinds[kind] for kind in KINDS if kind in kinds}
                    for saver, kinds in kept.found[entry.id].items()
                }
        return found, notes


def _unmade(name: str, error: NestbenchError) -> Side:
    return Side(stack=name, why=error.what.rstrip("."), do=error.do, code=error.exit_code)


def _joined(
    side: Side,
    answer: Mapping[str, Any] | None,
    loads: Mapping[str, Mapping[str, Loaded]],
    notes: tuple[str, ...],
) -> Side:
    """``side`` with its list of weights and what it loaded; if not measured, with a remedy."""
    if not side.measured:
        do = side.do or remedy(side)
        code = side.code or ExitCode.INCOMPLETE
        found = findings_of(answer, side.observation)
        return replace(side, why=side.ending, do=do, code=code, findings=found)
    return replace(
        side,
        weights=weights_of(answer, side.observation),
        findings=findings_of(answer, side.observation),
        places=places_of(answer, side.observation),
        notes=(*notes_of(answer), *notes),
        loads=loads,
    )
