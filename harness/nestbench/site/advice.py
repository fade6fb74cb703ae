"""What to write instead, and a program that shows the case alone: where this nestbench can say."""

from nestbench.catalogue import CaseEntry

__all__ = ["advice", "witness"]


def advice(case: str) -> tuple[str, ...]:
    """Sentences of advice on a case; nothing where no rule of the doctor names it."""
    del case
    return ()


def witness(entry: CaseEntry) -> str:
    """A program that shows the case without nestbench; empty where there is none."""
    del entry
    return ""
