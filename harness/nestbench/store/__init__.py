"""Results on disk: one readable, diffable JSON file per stack and case, and two facts files a stack.

``<store>/<stack>/<case>.json`` and ``_stack.json`` hold nothing that differs between two runs of a
stack; ``_host.json`` holds what does. ``_unconfirmed.json`` is there while the environment in which cells
were measured has yet to be looked at. The last line of each is a digest of the others (``seal``).
"""

from nestbench.store.alike import Measured, Prototype
from nestbench.store.brought import BroughtResult, write_import
from nestbench.store.disk import StoreError
from nestbench.store.records import SCHEMA, CaseResult, HostFacts, StackFacts, Unconfirmed
from nestbench.store.results import Reader, Store

__all__ = [
    "SCHEMA",
    "BroughtResult",
    "CaseResult",
    "HostFacts",
    "Measured",
    "Prototype",
    "Reader",
    "StackFacts",
    "Store",
    "StoreError",
    "Unconfirmed",
    "write_import",
]
