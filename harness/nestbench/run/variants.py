"""Variants that a person asked for by the values of their parameters, as ``NAME=VALUE``."""

from collections.abc import Iterable, Mapping, Sequence

from nestbench.catalogue import CaseEntry
from nestbench.errors import UsageError, did_you_mean

__all__ = ["asked_for"]


def asked_for(cases: Iterable[CaseEntry], wanted: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """By case id, the labels of the variants that have every value of ``wanted``; of cases that have any.

    Raises UsageError, with the values that there are, where nothing has them.
    """
    values = {(case.id, one.label): _values(one.values) for case in cases for one in case.variants}
    known = list(dict.fromkeys(value for held in values.values() for value in held))
    for one in wanted:
        if one not in known:
            raise _unknown(one, known)
    found: dict[str, set[str]] = {}
    for (case, label), held in values.items():
        if set(wanted) <= set(held):
            found.setdefault(case, set()).add(label)
    if not found:
        raise UsageError(
            f"No variant has {' and '.join(wanted)}.",
            why="they belong to different cases, or are two values of one name",
            do="Name fewer; `nestbench cases show CASE` lists the variants of a case.",
        )
    return {case: frozenset(labels) for case, labels in found.items()}


def _values(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}={value}" for name, value in pairs]


def _unknown(one: str, known: Sequence[str]) -> UsageError:
    name = one.partition("=")[0]
    of_name = [value for value in known if value.startswith(f"{name}=")]
    names = list(dict.fromkeys(value.partition("=")[0] for value in known))
    if not known:
        do = "Leave out --variant: what was asked for has no variants."
    elif of_name:
        do = f"There is {', '.join(of_name)}."
    else:
        do = f"{did_you_mean(name, names)} There is {', '.join(f'{one}=...' for one in names)}.".strip()
    if "=" not in one:
        return UsageError(f"--variant takes NAME=VALUE, and '{one}' has no equals sign.", do=do)
    return UsageError(f"No variant has {one}.", do=do)
