"""Writes the whole site: reads everything once, then page by page."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from nestbench.catalogue import row_label
from nestbench.changes.pairing import Direction, Pairing
from nestbench.matrix.advisories import listed, vulnerable, words
from nestbench.matrix.locks import lock_digest, lock_path
from nestbench.portability import Loads
from nestbench.portability import Shelf as PortabilityShelf
from nestbench.site import portable
from nestbench.site.advice import advice_on, witness_of
from nestbench.site.anchor import file_name
from nestbench.site.badge import case_badge, stack_badge
from nestbench.site.behaviourdata import SIGNALS, behaviour_script
from nestbench.site.caseview import FLAGS, variant_views
from nestbench.site.claimview import ClaimView, claim_totals, claim_views
from nestbench.site.cost import Cost, cost_of, has_matplotlib
from nestbench.site.download import TABLES
from nestbench.site.exchanged import exchange_of, exchange_script
from nestbench.site.folder import Folder
from nestbench.site.mark import names
from nestbench.site.matrixview import matrix_rows, widths
from nestbench.site.measured import exchange_rows, growth_rows, timing_rows
from nestbench.site.page import render
from nestbench.site.pairview import pair_view
from nestbench.site.source import Source
from nestbench.site.standing import standing
from nestbench.site.state import measured, sentence, step_words
from nestbench.site.study import Study
from nestbench.site.survey import Survey, survey_of
from nestbench.site.takeaway import Takeaway, has_parquet
from nestbench.site.timing import times_of
from nestprobe.observation import Observation

__all__ = ["Built", "build"]

_KILO, _MEGA = 1e3, 1e6
_WAYS = {Direction.WORSE: "worse", Direction.OTHER: "other", Direction.BETTER: "better"}


@dataclass(frozen=True, kw_only=True)
class Built:
    """What was made: its front page, how many pages, and what it leaves out, in sentences."""

    index: Path
    pages: int
    notes: tuple[str, ...]


def build(source: Source, folder: Folder) -> Built:
    """Make the site of ``source`` in ``folder``.

    Raises UsageError for a folder that is somebody else's, StoreError for results that are broken or
    of another schema, GroundError where the disk does not let it. Then nothing was changed.
    """
    with folder.filling() as work:
        with Takeaway(work / "data") as takeaway:
            survey = survey_of(source, takeaway.add)
            writer = _Writer(survey, work)
            writer.rows = takeaway.finish(survey, writer.beside())
        writer.all()
    return Built(index=folder.root / "index.html", pages=writer.pages, notes=tuple(writer.notes))


class _Writer:
    """One build."""

    def __init__(self, survey: Survey, work: Path) -> None:
        self.survey, self.source, self.work = survey, survey.source, work
        self.claims: list[ClaimView] = claim_views(survey)
        self.cost: Cost = cost_of(self.source)
        self.times = times_of(self.source, _observations(survey))
        self.notes = list(self.source.warnings())
        self.loads = _loads(self.source)
        self.unstable = {one.label: one.unstable for s in survey.studies for one in s.variants}
        self.labels = {row_label(s.entry.id, one.variant.label): (s.entry.id, one.anchor)
                       for s in survey.studies for one in s.variants}  # fmt: skip
        self.exchange = exchange_of(self.loads, self._exchanged(), self.source.blocks)
        self.pages = 0
        self.rows: dict[str, int] = {}

    def _exchanged(self) -> dict[str, str]:
        """By label of a case variant its place in the page of portability; it may have no page of its own."""
        found = dict.fromkeys(label for one in self.loads for label in one.found)
        return {
            label: self.labels[label][1] if label in self.labels else f"_case-{place}"
            for place, label in enumerate(found)
        }

    def beside(self) -> dict[str, Iterator[dict[str, Any]]]:
        """By table the rows to take away of what is measured beside the cells."""
        timed = chain.from_iterable(self.times.values())
        return {
            "portability": exchange_rows(self.loads),
            "timings": chain.from_iterable(map(timing_rows, timed)),
            "growth": chain.from_iterable(map(growth_rows, self.cost.told.values())),
        }

    def all(self) -> None:
        """Every file but the tables to take away."""
        assets = resources.files("nestbench.site") / "assets"
        (self.work / "assets").mkdir()
        for asset in sorted(assets.iterdir(), key=lambda one: one.name):
            (self.work / "assets" / asset.name).write_bytes(asset.read_bytes())
        self._text("data/behaviours.js", behaviour_script(self.survey))
        self._text("data/exchange.js", exchange_script(self.exchange))
        self._index()
        for study in self.survey.studies:
            self._case(study)
        for stack in self.source.stacks:
            self._stack(stack)
        self._others()
        if not has_parquet():
            self.notes.append("No Parquet was written: in nestbench's clone, pip install -e '.[parquet]'.")
        if (self.times or self.cost.growth) and not has_matplotlib():
            self.notes.append("Times and growth are tables without drawings: pip install -e '.[plots]'.")

    def _index(self) -> None:
        self._page(
            "index.html",
            sentence=sentence(self.survey),
            measured=measured(self.survey),
            warnings=self.notes,
            claims=self.claims,
            signals=(*SIGNALS, "Python calls", "user call() runs"),
            groups=list(matrix_rows(self.survey)),
            widths=widths(self.survey),
            names=names(),
            width=1 + sum(len(block.columns) + 1 for block in self.source.blocks),
            absent=self.source.absent,
            **self._pair(),
        )

    def _pair(self) -> dict[str, Any]:
        first = next(iter(self.source.stacks), "")
        before, after = self.survey.usual or (first, first)
        return {"blocks": self.source.blocks, "default_from": before, "default_to": after}

    def _case(self, study: Study) -> None:
        entry = study.entry
        newest = [column.stack for block in self.source.blocks[:1] for column in block.columns]
        self._page(
            "case.html",
            to=f"cases/{file_name(entry.id)}.html",
            entry=entry,
            standing=standing(self.survey, study, self.cost.told.get(entry.id, ())),
            exchanged={
                one.label: (self.exchange.anchors[one.label], told)
                for one in study.variants
                if (told := self.exchange.told_of(one.label))
            },
            views=variant_views(self.survey, study),
            flags=FLAGS,
            claims=[one for one in self.claims if entry.id in one.cases],
            advice=advice_on(study, self.survey),
            witness=witness_of(study, self.source.matrix),
            around=_around(study, newest),
            times=self.times.get(entry.id, []),
            growth=self.cost.growth.get(entry.id, []),
            quantities=self.cost.quantities,
            drawings=self.cost.drawn.get(entry.id, {}),
        )
        self._text(f"badges/cases/{file_name(entry.id)}.svg", case_badge(self.survey, study))

    def _stack(self, stack: str) -> None:
        survey, source = self.survey, self.source
        rows = [one for one in source.matrix.stacks if one.id == stack]
        facts, before = source.facts(stack), survey.before(stack)
        lock = ""
        if rows and facts and lock_path(rows[0]).exists() and lock_digest(rows[0]) == facts.lock:
            lock = f"{file_name(stack)}.lock.txt"
            (self.work / "stacks").mkdir(exist_ok=True)
            shutil.copyfile(lock_path(rows[0]), self.work / "stacks" / lock)
        self._page(
            "stack.html",
            to=f"stacks/{file_name(stack)}.html",
            stack=stack,
            row=rows[0] if rows else None,
            vulnerable=vulnerable(rows[0]) if rows else None,
            as_of=listed().as_of,
            facts=facts,
            doubt=source.doubt(stack),
            host=source.host(stack),
            tally=survey.tally(stack),
            lock=lock,
            before=before,
            step_words=step_words(survey, stack),
            changes=list(self._changes(survey.steps.get(stack, ()))),
        )
        self._text(f"badges/stacks/{file_name(stack)}.svg", stack_badge(survey, stack))

    def _changes(self, found: Sequence[Pairing]) -> Any:
        for one in found:
            if one.change is not None and one.change.direction is not Direction.NONE:
                case, anchor = self.labels[one.label]
                yield _WAYS[one.change.direction], one, anchor, case, self.unstable[one.label]

    def _others(self) -> None:
        source, survey = self.source, self.survey
        self._upgrade()
        known = {study.entry.id for study in survey.studies}
        self._page("claims.html", claims=self.claims, totals=claim_totals(survey), known=known)
        blocks = [
            (block, [self._stack_row(column.stack) for column in block.columns]) for block in source.blocks
        ]
        self._page("stacks.html", blocks=blocks, absent=source.absent)
        self._page("portability.html", **portable.view(self.loads, self.exchange))
        self._growth()
        self._page(
            "downloads.html", tables=TABLES, rows=self.rows, parquet=has_parquet(),
            stacks=source.stacks, sizes=_sizes(self.work / "data"),
        )  # fmt: skip
        self._page("about.html", absent=source.absent)

    def _upgrade(self) -> None:
        usual = self.survey.usual
        self._page(
            "upgrade.html",
            groups=list(dict.fromkeys(study.entry.group for study in self.survey.studies)),
            pair=pair_view(self.survey, self.labels, self.unstable),
            files=self.exchange.told(*usual) if usual else [],
            near=self.exchange.near(*usual) if usual else [],
            places=self.exchange.anchors,
            **self._pair(),
        )

    def _growth(self) -> None:
        self._page(
            "growth.html",
            growth=self.cost.growth,
            drawn=self.cost.drawn,
            quantities=self.cost.quantities,
            growing=[study.entry for study in self.survey.studies if study.entry.sizes],
        )

    def _stack_row(self, stack: str) -> tuple[Any, ...]:
        facts = self.source.facts(stack)
        versions = facts.versions if facts else {}
        backends = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}
        backend = ", ".join(f"{name} {versions[key]}" for key, name in backends.items() if versions.get(key))
        step = step_words(self.survey, stack) if self.survey.before(stack) else "the first of its line"
        rows = [one for one in self.source.matrix.stacks if one.id == stack]
        known = words(vulnerable(rows[0])) if rows else "not looked up: it is not of the matrix"
        return stack, versions, backend or "?", self.survey.tally(stack), step, known

    def _page(self, template: str, *, to: str = "", **context: Any) -> None:
        name = to or template
        root = "../" * name.count("/")
        self._text(name, render(template, root=root, page=name, **context))
        self.pages += 1

    def _text(self, name: str, text: str) -> None:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _sizes(folder: Path) -> dict[str, str]:
    """By name of file ``12 kB`` or ``3.4 MB``."""
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    return {
        name: f"{size / _MEGA:.1f} MB" if size >= _MEGA else f"{max(1, round(size / _KILO))} kB"
        for name, size in sizes.items()
    }


def _observations(survey: Survey) -> dict[str, dict[str, Observation]]:
    """By label of a case variant and by stack, of all that was measured."""
    return {
        row_label(study.entry.id, one.variant.label): {
            stack: seen for alike in one.alike if (seen := alike.result.observation) for stack in alike.stacks
        }
        for study in survey.studies
        for one in study.variants
    }


def _loads(source: Source) -> list[Loads]:
    """What was exchanged, in the order of columns. Raises StoreError for a broken file."""
    shelf = PortabilityShelf(root=source.beside("portability"))
    held = [path.stem for path in sorted(shelf.root.glob("*.json"))]
    order = [stack.id for stack in source.matrix.stacks]
    held.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
    return [loads for name in held if (loads := shelf.load(name)) is not None]


def _around(study: Study, line: Sequence[str]) -> list[str]:
    """Two stacks of the first line that show the case at its most telling: about its last change."""
    for one in study.variants:
        for history in one.histories:
            if history.changed:
                old, new = history.spans[-2], history.spans[-1]
                return [old.stacks[-1], new.stacks[0]]
    return list(line[-1:])
