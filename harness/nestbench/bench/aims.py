"""What figures of speed are held against: each ratio, and what it is to be at least or at most."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from nestbench.bench.reading import Reading, Took
from nestbench.bench.speed import Speed

__all__ = ["Figure", "figures_of", "reading_figures", "speed_data", "with_figures"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """``value`` is None where it was not measured; without ``least`` and ``most`` nothing is aimed at."""

    value: float | None = None
    least: float | None = None
    most: float | None = None
    unit: str = ""

    @property
    def missed(self) -> bool:
        """Whether it was measured and is not what is aimed at."""
        if self.value is None:
            return False
        too_little = self.least is not None and self.value < self.least
        return too_little or (self.most is not None and self.value > self.most)

    @property
    def aim(self) -> str:
        """``at most 1.3: missed``; empty where there is no aim."""
        words = (("at least", self.least), ("at most", self.most))
        said = ", ".join(f"{word} {value:g}{self.unit}" for word, value in words if value is not None)
        return f"{said}: missed" if self.missed else said


#: By the names of the properties and fields that are figures. Growth: linear is 1 a cell, or 10 for ten times
#: as much; a machine is not that steady. Those of the site are of 60 stacks x 200 cases.
_AIMS: Mapping[str, Figure] = {
    "over_floor": Figure(most=1.3),
    "over_inline": Figure(),
    "faster_than_fresh": Figure(least=8),
    "faster_than_fresh_parallel": Figure(),
    "growth": Figure(most=1.3),
    "faster_than_tox": Figure(least=2),
    "growth_with_stacks": Figure(most=13),
    "growth_with_cases": Figure(most=13),
    "seconds": Figure(most=2, unit=" s"),
    "megabytes": Figure(most=400, unit=" MB"),
    "build_seconds": Figure(most=20, unit=" s"),
    "build_megabytes": Figure(most=600, unit=" MB"),
    "carried_kilobytes": Figure(most=500, unit=" kB"),
    "usable": Figure(most=1000, unit=" ms"),
    "slowest_filter": Figure(most=100, unit=" ms"),
}


def figures_of(measured: object) -> dict[str, Figure]:
    """The figures of a measurement of speed, by the names that they have there."""
    return {
        name: replace(aim, value=getattr(measured, name))
        for name, aim in _AIMS.items()
        if hasattr(measured, name)
    }


def reading_figures(reading: Reading) -> dict[str, Figure]:
    """Those of reading; of whole commands as ``table_seconds``."""
    commands: dict[str, Took] = {
        "table": reading.table,
        "compare": reading.compare,
        "history": reading.history,
    }
    of_commands = {
        f"{name}_{what}": figure for name, one in commands.items() for what, figure in figures_of(one).items()
    }
    return figures_of(reading) | of_commands


def with_figures(measured: Any, figures: Mapping[str, Figure]) -> dict[str, Any]:
    """A dataclass as data, with its figures under ``ratios``."""
    told = {name: {**asdict(figure), "missed": figure.missed} for name, figure in figures.items()}
    return {**asdict(measured), "ratios": told}


def speed_data(speed: Speed) -> dict[str, Any]:
    """The runs as data, each with its own figures."""
    runs = [with_figures(run, figures_of(run)) for run in speed.runs]
    return {**with_figures(speed, figures_of(speed)), "runs": runs}
