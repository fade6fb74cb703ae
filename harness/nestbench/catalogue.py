"""The catalogue: cases read from their files as typed data, without importing TensorFlow."""

import contextlib
import fnmatch
import inspect
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nestbench import digests
from nestbench.errors import UsageError
from nestbench.names import Asked, number_of, require_known, the_one
from nestprobe import casefiles
from nestprobe.vocabulary import Case

__all__ = [
    "CaseEntry",
    "Catalogue",
    "Cell",
    "Variant",
    "case_files",
    "default_folder",
    "load_catalogue",
    "parted",
    "row_label",
]

# The probe is written for Python 3.7 and carries no annotations; these are theirs.
_find: Callable[[str], list[str]] = casefiles.find
_load: Callable[[str], list[Case]] = casefiles.load

_NEEDS_THE_KIT = ("tensorflow", "keras", "tf_keras")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One combination of a case's variants, as text, with what its author expects of it.

    ``parameters`` and ``trainable``: numbers of scalars, by the case's arithmetic.
    """

    values: tuple[tuple[str, str], ...]
    parameters: int
    trainable: int

    @property
    def names(self) -> dict[str, str]:
        """The combination as a mapping, as an observation carries it."""
        return dict(self.values)

    @cached_property  # asked for with every cell
    def label(self) -> str:
        """``owner=layer,kind=dict``; empty where the case has no variants."""
        return _label(self.values)


@dataclass(frozen=True, kw_only=True)
class CaseEntry:
    """One case as the controller knows it.

    ``growing``: the parameter that grows over ``sizes``; empty where none does.
    """

    id: str
    group: str
    symptom: str
    doc: str
    file: Path
    line: int
    sources: tuple[str, ...]
    needs: tuple[str, ...]
    about: tuple[str, ...] = ()
    variants: tuple[Variant, ...]
    growing: str = ""
    sizes: tuple[int, ...] = ()
    source: str = field(repr=False)
    digest: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One square of the table: a case variant on a stack."""

    stack: str
    case: CaseEntry
    variant: Variant

    @property
    def label(self) -> str:
        """``case-id`` or ``case-id[owner=layer,kind=dict]``."""
        return row_label(self.case.id, self.variant.label)


def row_label(case: str, variant: str | Mapping[str, str]) -> str:
    """Name of a case variant, given as a label or as values: ``case-id[owner=layer,kind=dict]``."""
    label = variant if isinstance(variant, str) else _label(variant.items())
    return f"{case}[{label}]" if label else case


def parted(label: str) -> tuple[str, str]:
    """The case and the variant of which ``row_label`` made ``label``; the variant's is empty for none."""
    case, _, variant = label.partition("[")
    return case, variant.removesuffix("]")


def _label(values: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{name}={value}" for name, value in values)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Cases in the order of their folders, files and lines; ``folders`` is where they came from."""

    folders: tuple[Path, ...]
    entries: tuple[CaseEntry, ...]

    def __iter__(self) -> Iterator[CaseEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups in order."""
        return tuple(dict.fromkeys(entry.group for entry in self.entries))

    def get(self, case: str) -> CaseEntry:
        """The case of that id. Raises UsageError with the nearest ids, or those that a pattern matches."""
        asked, _ = self.asked([case], ())
        return self.entries[asked.known.index(the_one(asked, case))]

    def asked(self, cases: Sequence[str], groups: Sequence[str]) -> tuple[Asked, Asked]:
        """What ``select`` is asked for, to be checked together with other names."""
        lists = "`nestbench cases`"
        ids = [entry.id for entry in self.entries]
        return (
            Asked(kind="case", patterns=cases, known=ids, lists=lists),
            Asked(kind="group", patterns=groups, known=self.groups, lists=lists),
        )

    def select(self, cases: Sequence[str] = (), groups: Sequence[str] = ()) -> "Catalogue":
        """The cases that match any of ``cases`` (ids or glob patterns) and are in ``groups``.

        An empty argument does not restrict. Raises UsageError for one that matches nothing.
        """
        require_known(*self.asked(cases, groups))
        chosen = tuple(
            entry
            for entry in self.entries
            if (not cases or any(fnmatch.fnmatchcase(entry.id, name) for name in cases))
            and (not groups or any(fnmatch.fnmatchcase(entry.group, name) for name in groups))
        )
        if not chosen:
            raise UsageError(
                f"no case is in both selections: cases {', '.join(cases)} and groups {', '.join(groups)}",
                do="Leave one of the two out.",
            )
        return Catalogue(folders=self.folders, entries=chosen)

    def shard(self, number: int, of: int) -> "Catalogue":
        """Every case whose turn it is when ``of`` take turns; ``number`` counts from 1.

        All shards together are the catalogue, each case in one of them. Raises UsageError where there
        are more shards than cases.
        """
        if of > len(self.entries):
            raise UsageError(
                f"{of} shards for {number_of(len(self.entries), 'case')}: some would be empty.",
                do=f"Ask for {len(self.entries)} shards or fewer.",
            )
        return Catalogue(folders=self.folders, entries=self.entries[number - 1 :: of])

    def cells(self, stacks: Iterable[str]) -> list[Cell]:
        """Every cell of these stacks, in order of stack, case, variant."""
        return [
            Cell(stack=stack, case=entry, variant=variant)
            for stack in stacks
            for entry in self.entries
            for variant in entry.variants
        ]


def default_folder() -> Path:
    """The shipped cases: package data in a wheel, ``cases/`` beside ``harness/`` in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "cases"
    return shipped if shipped.is_dir() else package.parent.parent / "cases"


def load_catalogue(folders: Sequence[Path] = (), *, shipped: bool = True) -> Catalogue:
    """Read the shipped cases (unless ``shipped`` is false) and those of ``folders``.

    Raises UsageError, naming file and line, for a folder without cases, a file that does not
    import, a case without a docstring or without a whole number as its ``parameters``, and an id that is
    there twice.
    """
    chosen = [default_folder()] if shipped else []
    chosen += [folder.resolve() for folder in folders]
    chosen = list(dict.fromkeys(chosen))
    entries: dict[str, CaseEntry] = {}
    for folder in chosen:
        for path in case_files(folder):
            for case in _cases(path):
                entry = _entry(case)
                if entry.id in entries:
                    raise _duplicate(entry, entries[entry.id])
                entries[entry.id] = entry
    return Catalogue(folders=tuple(chosen), entries=tuple(entries.values()))


def case_files(folder: Path) -> list[Path]:
    """The case files of ``folder``, none of them read. Raises UsageError where it holds none."""
    if folder.is_file():
        raise UsageError(
            f"{folder} is a file; --cases takes folders.",
            do=f"Give its folder, and choose with --case: --cases {shlex.quote(str(folder.parent))}.",
        )
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: no such folder of cases", do="Give --cases a folder that holds case files."
        )
    paths = [Path(path) for path in _find(str(folder))]
    if not paths:
        raise UsageError(
            f"{folder} holds no case files",
            why="Case files end in .py and do not start with an underscore.",
            do="CONTRIBUTING.md shows a case in five minutes.",
        )
    return paths


def _cases(path: Path) -> list[Case]:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what a file prints is no part of a list or a table
            cases = _load(str(path))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise _does_not_import(path, error) from error
    if not cases:
        raise UsageError(
            f"{path} holds no case",
            do="Decorate a function with @case(parameters=...), or start the file's name with _.",
        )
    return cases


def _does_not_import(path: Path, error: BaseException) -> UsageError:
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if line is None or frame.filename == str(path):
            line = frame.lineno if frame.filename == str(path) else line
    what = f"{path}:{line or 1} does not import: {type(error).__name__}: {error}"
    missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
    if missing.split(".")[0] in _NEEDS_THE_KIT:
        return UsageError(
            what,
            why="Cases are read where there is no TensorFlow; they are handed it through k.",
            do="Drop the import and use k.tf, k.keras or k.layers inside the case.",
        )
    return UsageError(what, do="Correct the file, or start its name with _ to leave it out.")


def _duplicate(entry: CaseEntry, first: CaseEntry) -> UsageError:
    return UsageError(
        f"{entry.file}:{entry.line} declares the case {entry.id} a second time",
        why=f"It is also at {first.file}:{first.line}; an id is unique in a catalogue.",
        do="Rename one of the two functions.",
    )


def _entry(case: Case) -> CaseEntry:
    _check_signature(case)
    variants = tuple(_variants(case))
    if not case.symptom.strip() and sys.flags.optimize < 2:  # noqa: PLR2004 - python -OO has no docstrings
        raise UsageError(
            f"{case.file}:{case.line} case {case.id} has no docstring.",
            why="Lists and tables tell by its first line what the case is about.",
            do="Write one; its first line is what a reader with the problem would type.",
        )
    return CaseEntry(
        id=case.id,
        group=case.group,
        symptom=case.symptom,
        doc=case.doc,
        file=Path(case.file),
        line=case.line,
        sources=tuple(case.sources),
        needs=tuple(case.needs),
        about=tuple(case.about),
        variants=variants,
        growing=case.growing or "",
        sizes=tuple(case.sizes),
        source=digests.case_source(case),
        digest=digests.case_digest(case),
    )


def _check_signature(case: Case) -> None:
    """Raises UsageError where the function cannot be called as the probe will call it."""
    try:
        inspect.signature(case.make).bind("k", **dict.fromkeys(case.variants))
    except TypeError as error:
        names = ", ".join(["k", *case.variants])
        raise UsageError(
            f"{case.file}:{case.line} case {case.id} cannot be called: {error}.",
            why="Its parameters are not k and the names of its variants.",
            do=f"Declare it as `def {case.make.__name__}({names}):`.",
        ) from error


def _variants(case: Case) -> Iterator[Variant]:
    combinations: Callable[[], list[dict[str, object]]] = case.combinations
    for combination in combinations():
        counts = {}
        for name in ("parameters", "trainable"):
            try:
                count = getattr(case, name)(combination)
            except Exception as error:
                raise _no_count(case, name, f"{type(error).__name__}: {error}") from error
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise _no_count(case, name, f"it is {count!r}")
            counts[name] = count
        yield Variant(values=tuple((name, str(value)) for name, value in combination.items()), **counts)


def _no_count(case: Case, name: str, why: str) -> UsageError:
    return UsageError(
        f"{case.file}:{case.line} case {case.id}: {name} is not a whole number",
        why=f"For one of its variants {why}.",
        do=f"Write {name} as arithmetic, e.g. 5 * 10 + 10, or as a function of the variant.",
    )
