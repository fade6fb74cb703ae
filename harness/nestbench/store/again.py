"""Second tries: what was measured once more in a fresh process lies beside the results, in ``again``."""

from collections.abc import Mapping
from dataclasses import replace

from nestbench.store import disk
from nestbench.store.results import Store

__all__ = ["AGAIN", "forget", "second_tries"]

AGAIN = "again"


def second_tries(store: Store) -> Store:
    """Where those of the results in ``store`` lie."""
    return Store(store.root / AGAIN)


def forget(store: Store, stack: str, case: str, variant: Mapping[str, str]) -> None:
    """Drop what a second try saw of a cell: what is measured anew has had none yet. Raises StoreError."""
    again = second_tries(store)
    path = again.path(stack, case)
    if not path.exists():
        return
    held = again.load(stack, case, lambda _: None)
    kept = [one for one in held.observations if one.variant != dict(variant)] if held is not None else []
    if held is None or not kept:
        disk.remove(path)
    elif len(kept) < len(held.observations):
        again.save(replace(held, observations=kept))
