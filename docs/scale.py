"""What a matrix costs on many machines: `nestbench run --scheduler` simulated, by figures measured here.

python docs/scale.py prints the table of distributed.md; --help names what can be turned.
"""

import argparse
import heapq
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """Measured with 58 stacks of 293 cells, unless it says assumed."""

    cell_seconds: float = 0.64  # of one of two hands; by stack from 0.19 to 1.43
    cells_a_case: float = 293 / 168
    cell_bytes: float = 0.9e6 / 293
    import_seconds: float = 2.6
    environment_seconds: float = 10.0  # from a warm cache
    environment_bytes: float = 1.0e9  # 0.45 to 1.4
    fetched_bytes: float = 0.3e9  # assumed: wheels of a stack that no other stack has
    stored_a_second: float = 100.0  # cells that one controller stores, each on the disk before the next
    line: float = 1e9 / 8  # assumed: bytes a second of one machine
    index_line: float = 10e9 / 8  # assumed: of the index or its mirror, to all of them
    away_seconds: float = 300.0  # assumed: until a lost machine is back
    look_seconds: float = 5.0  # between two looks of a worker at its environment: 20 times 0.15 to 0.3


@dataclass(frozen=True)
class Cost:
    """Of one run: ``hours`` until the last cell, ``busy`` the part of the hands' time that measured."""

    hours: float
    busy: float
    stored_hours: float
    lost_cells: int
    fetched: float


def simulate(
    stacks: int, cases: int, machines: int, hands: int, *, lost_a_day: float, seed: int = 1, figures: Figures
) -> Cost:
    """A stack a task, the longest first, each to the machine that is free first; machines are lost at random.

    A lost machine takes the cells under way with it, those since it last looked at its environment, and its
    environments; what was not measured is given to another.
    """
    chance = random.Random(seed)
    cells = round(cases * figures.cells_a_case)
    longest = sorted((chance.triangular(0.3, 2.2, 0.6) for _ in range(stacks)), reverse=True)
    scale = stacks / sum(longest)  # so that the mean is the measured one
    waiting = [(cells, factor * scale * figures.cell_seconds) for factor in reversed(longest)]
    free = [(0.0, machine) for machine in range(machines)]
    mean_life = 86400.0 / lost_a_day if lost_a_day else float("inf")
    lost = measured = 0
    end = fetched = 0.0
    fetching = min(figures.line, figures.index_line / machines)
    while waiting:
        now, machine = heapq.heappop(free)
        left, seconds = waiting.pop()
        fetched += figures.fetched_bytes
        ground = figures.fetched_bytes / fetching + figures.environment_seconds + figures.import_seconds
        whole = ground + left * seconds / hands
        life = chance.expovariate(1 / mean_life) if lost_a_day else whole
        if life < whole:
            done = min(left, int(max(0.0, life - ground) * hands / seconds))
            unlooked = min(done, int(figures.look_seconds * hands / seconds))
            lost += min(hands, left - done) + unlooked
            done -= unlooked
            measured += done
            waiting.append((left - done, seconds))
            heapq.heappush(free, (now + life + figures.away_seconds, machine))
        else:
            measured += left
            end = max(end, now + whole)
            heapq.heappush(free, (now + whole, machine))
    return Cost(
        hours=end / 3600,
        busy=measured * figures.cell_seconds / (end * machines * hands),
        stored_hours=measured / figures.stored_a_second / 3600,
        lost_cells=lost,
        fetched=fetched,
    )


def table(stacks: int, cases: int, hands: int, lost_a_day: float, figures: Figures) -> list[str]:
    """Markdown."""
    cells = stacks * round(cases * figures.cells_a_case)
    size = cells * figures.cell_bytes
    lines = [
        (
            f"{stacks:,} stacks of {cases:,} cases are {cells / 1e6:.1f} million cells, "
            f"{cells * figures.cell_seconds / 3600:,.0f} hours of one hand, and {size / 1e9:.0f} GB "
            f"in {stacks * cases / 1e6:.0f} million files."
        ),
        "",
        f"| machines of {hands} hands | hours | hands busy | hours of storing | lost cells | fetched |",
        "|---|---|---|---|---|---|",
    ]
    for machines in (1, 2, 4, 10, 20, 100):
        cost = simulate(stacks, cases, machines, hands, lost_a_day=lost_a_day, figures=figures)
        lines.append(
            f"| {machines} | {max(cost.hours, cost.stored_hours):,.1f} | {cost.busy:.0%} "
            f"| {cost.stored_hours:.1f} | {cost.lost_cells} | {cost.fetched / 1e12:.1f} TB |"
        )
    return lines


def main() -> None:
    """Print the table."""
    form = argparse.ArgumentDefaultsHelpFormatter
    options = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    options.add_argument("--stacks", type=int, default=5000)
    options.add_argument("--cases", type=int, default=2000)
    options.add_argument("--hands", type=int, default=16, help="cells that a machine measures at once")
    options.add_argument("--lost-a-day", type=float, default=1.0, help="times that a machine is lost")
    asked = options.parse_args()
    print("\n".join(table(asked.stacks, asked.cases, asked.hands, asked.lost_a_day, Figures())))


if __name__ == "__main__":
    main()
