"""Columns of the matrix: the stacks that have results, by lines of releases."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from nestbench.matrix import Matrix, Stack
from nestbench.matrix.lines import Line, lines

__all__ = ["Block", "Column", "blocks_of", "named"]

_OTHERS = "elsewhere"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One stack. ``short``: its version within the block. ``row``: that of the matrix, where it has one."""

    stack: str
    short: str
    row: Stack | None = None


@dataclass(frozen=True, kw_only=True)
class Block:
    """Columns of one line of releases, oldest first; ``line`` is None for stacks of no row."""

    id: str
    name: str
    columns: tuple[Column, ...]
    line: Line | None = None


def blocks_of(stacks: Sequence[str], matrix: Matrix) -> tuple[Block, ...]:
    """The stacks in the order of the matrix's lines; those that it does not have come last."""
    held = set(stacks)
    blocks = [
        Block(id=line.id, name=line.name, columns=tuple(_columns(line, held)), line=line)
        for line in lines(matrix.stacks)
    ]
    known = {stack.id for stack in matrix.stacks}
    others = tuple(Column(stack=one, short=one) for one in stacks if one not in known)
    if others:
        blocks.append(Block(id=_OTHERS, name="Measured elsewhere", columns=others))
    return tuple(block for block in blocks if block.columns)


def _columns(line: Line, held: set[str]) -> Iterator[Column]:
    members = [stack for stack in line.stacks if stack.id in held]
    minors = {stack.id: ".".join(line.version(stack).removesuffix("-tf").split(".")[:2]) for stack in members}
    times = Counter(minors.values())
    for stack in members:
        short = minors[stack.id] if times[minors[stack.id]] == 1 else stack.id
        yield Column(stack=stack.id, short=short, row=stack)


def named(blocks: Sequence[Block], stacks: Container[str]) -> Iterator[str]:
    """Of each block the columns among ``stacks``; three or more neighbours as a range."""
    for block in blocks:
        runs: list[list[str]] = [[]]
        for column in block.columns:
            if column.stack in stacks:
                runs[-1].append(column.short)
            elif runs[-1]:
                runs.append([])
        told = [run for run in runs if run]
        if told:
            yield f"{block.name}: " + ", ".join(map(_range, told))


def _range(run: Sequence[str]) -> str:
    return f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run)  # noqa: PLR2004 - a range
