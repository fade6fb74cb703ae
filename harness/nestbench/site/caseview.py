"""What the page of a case shows of each variant: a strip over versions, signals side by side, variables."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from nestbench.frames import signals
from nestbench.site.anchor import cell_anchor
from nestbench.site.column import Block, named
from nestbench.site.mark import Mark
from nestbench.site.study import Alike, Study, VariantStudy
from nestbench.site.survey import Survey
from nestbench.verdicts import Entry, Judgement
from nestprobe.observation import Observation, VariableRecord

__all__ = ["FLAGS", "AlikeView", "Signal", "VariableView", "VariantView", "variant_views"]

_COUNTED_BY_STACK = "python_calls"
#: Flags of a variable, in the order in which it is followed, with a short name each.
FLAGS = {
    "used": "used",
    "trainable": "trainable",
    "in_weights": "in weights",
    "in_trainable_weights": "in trainable weights",
    "gradient": "gradient",
    "changed_by_step": "changed by a step",
    "in_weights_file": "in weights file",
    "restored_from_weights_file": "back from it",
    "in_model_file": "in model file",
    "restored_from_model_file": "back from it",
    "in_checkpoint": "in TF checkpoint",
    "restored_from_checkpoint": "back from it",
}
assert set(FLAGS) <= {one.name for one in fields(VariableRecord)}, "a field of VariableRecord was renamed"


@dataclass(frozen=True, kw_only=True)
class AlikeView:
    """Stacks that were measured to be the same in everything, and what that was.

    ``names``: stacks by block, e.g. ``TensorFlow and its tf.keras: 2.16 to 2.21``.
    """

    letter: str
    alike: Alike
    mark: Mark
    names: tuple[str, ...]
    anchors: tuple[str, ...]
    call: Judgement
    build: Judgement
    raised: tuple[tuple[str, str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    variables: tuple["VariableView", ...]


@dataclass(frozen=True, kw_only=True)
class VariableView:
    """One variable that was seen; ``flags`` in the order of ``FLAGS``."""

    name: str
    shape: str
    created_in: str
    flags: tuple[bool | int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One signal, its value in each of the groups of alike stacks; None where it was not measured."""

    phase: str
    name: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        """Whether two groups differ in it."""
        return len({str(value) for value in self.values}) > 1


@dataclass(frozen=True, kw_only=True)
class VariantView:
    """``strips``: for each block its columns with their marks and the anchors that they lead to.

    ``counts``: stacks on which something could be counted, with the counts in the study's order.
    """

    study: VariantStudy
    strips: tuple[tuple[Block, tuple[tuple[str, str, Mark, str], ...]], ...]
    build_strips: tuple[tuple[Block, tuple[tuple[str, str, Mark, str], ...]], ...]
    groups: tuple[AlikeView, ...]
    signals: tuple[Signal, ...]
    counts: tuple[tuple[str, tuple[int | None, ...]], ...]


def variant_views(survey: Survey, study: Study) -> list[VariantView]:
    """The views of a case's variants, in order."""
    return [_view(survey, one) for one in study.variants]


def _view(survey: Survey, one: VariantStudy) -> VariantView:
    return VariantView(
        study=one,
        strips=tuple(_strips(survey, one, Entry.CALL)),
        build_strips=tuple(_strips(survey, one, Entry.BUILD)),
        groups=tuple(_alike(survey, one, place) for place in range(len(one.alike))),
        signals=tuple(_signals(one)),
        counts=tuple(_counts(survey, one)),
    )


def _strips(
    survey: Survey, one: VariantStudy, entry: Entry
) -> Iterator[tuple[Block, tuple[tuple[str, str, Mark, str], ...]]]:
    marks = one.marks.get(entry)
    for block in survey.source.blocks if marks is not None else ():
        assert marks is not None
        yield (
            block,
            tuple(
                (
                    column.stack,
                    column.short,
                    marks[column.stack],
                    cell_anchor(one.anchor, column.stack),
                )
                for column in block.columns
            ),
        )


def _alike(survey: Survey, one: VariantStudy, place: int) -> AlikeView:
    alike = one.alike[place]
    observation = alike.result.observation
    assert observation is not None
    call, build = alike.result.judgement(Entry.CALL), alike.result.judgement(Entry.BUILD)
    assert call is not None
    assert build is not None
    phases = observation.phases.items()
    return AlikeView(
        letter=_letter(place),
        alike=alike,
        mark=one.marks[Entry.CALL][alike.stacks[0]],
        names=tuple(named(survey.source.blocks, alike.stacks)),
        anchors=tuple(cell_anchor(one.anchor, stack) for stack in alike.stacks),
        call=call,
        build=build,
        raised=tuple(
            (name, phase.raised.type, phase.raised.message) for name, phase in phases if phase.raised
        ),
        warnings=tuple((name, text) for name, phase in phases for text in phase.warnings),
        variables=tuple(_variables(observation)),
    )


def _variables(observation: Observation) -> Iterator[VariableView]:
    for one in observation.variables:
        shape = "×".join(map(str, one.shape)) or "scalar"  # noqa: RUF001 - times
        yield VariableView(
            name=one.name,
            shape=shape if one.dtype == "float32" else f"{shape} {one.dtype}",
            created_in=one.created_in,
            flags=tuple(getattr(one, flag) for flag in FLAGS),
        )


def _letter(place: int) -> str:
    """A to Z, then AA: of groups there may be many."""
    ahead, last = divmod(place, 26)
    return (chr(ord("A") + ahead - 1) if ahead else "") + chr(ord("A") + last)


def _signals(one: VariantStudy) -> Iterator[Signal]:
    """Every signal of any group; the number of Python calls is another on each stack and stands elsewhere."""
    found: dict[tuple[str, str], dict[int, Any]] = {}
    for place, alike in enumerate(one.alike):
        assert alike.result.observation is not None
        for phase, name, value in signals(alike.result.observation):
            if name != _COUNTED_BY_STACK:
                found.setdefault((phase, name), {})[place] = value
    for (phase, name), values in found.items():
        yield Signal(
            phase=phase, name=name, values=tuple(values.get(place) for place in range(len(one.alike)))
        )


def _counts(survey: Survey, one: VariantStudy) -> Iterator[tuple[str, tuple[int | None, ...]]]:
    for stack in survey.source.stacks:
        counts = tuple(by_stack.get(stack) for by_stack in one.counts.values())
        if any(count is not None for count in counts):
            yield stack, counts
