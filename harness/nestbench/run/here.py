"""Observes the interpreter that runs nestbench, with the TensorFlow that is installed beside it."""

import os
import sys
import threading
from pathlib import Path

from nestbench import staging
from nestbench.catalogue import Catalogue
from nestbench.digests import versions_digest
from nestbench.errors import GroundError
from nestbench.matrix import Device
from nestbench.names import number_of
from nestbench.run.observe import introduce
from nestbench.run.orchestrate import Prepared
from nestbench.run.plan import plan_stack
from nestbench.run.progress import reporter
from nestbench.run.session import How, Report, measure
from nestbench.run.workspace import Workspace
from nestbench.store import Store
from nestbench.store.brought import default_name

#: What a person may have set to choose a Keras; it belongs to what is here.
_KEPT = ("TF_USE_LEGACY_KERAS", "KERAS_BACKEND", "NESTPROBE_KERAS")


def measure_here(
    store: Store, workspace: Workspace, catalogue: Catalogue, how: How, *, device: Device, quiet: bool
) -> Report:
    """Observe the current interpreter.

    Raises GroundError where it has no TensorFlow, UnavailableError where that does not see the device.
    """
    told = reporter(quiet=quiet)
    told.say(f"Importing the TensorFlow of {sys.executable}")
    prepared = Prepared(
        python=Path(sys.executable),
        device=device,
        extra={name: os.environ[name] for name in _KEPT if name in os.environ},
    )
    versions = _imported(prepared, workspace, how)
    stack = default_name(versions, device)
    plan = plan_stack(store, stack, versions_digest(versions), catalogue, again=how.again)
    told.say(f"{stack}: {number_of(plan.current, 'cell')} current, {len(plan.to_run)} to run.")
    return measure(
        [plan],
        lambda _stack, _say: prepared,
        store=store,
        workspace=workspace,
        catalogue=catalogue,
        how=how,
        reporter=told,
        origin="here",
    )


def _imported(prepared: Prepared, workspace: Workspace, how: How) -> dict[str, str | None]:
    """What is imported here: the plan needs it before anything is measured."""
    with workspace.scratch("here") as scratch:
        ground = prepared.ground(
            scratch,
            staging.stage(workspace.folder("probe")),
            files=(),
            log=workspace.log("here"),
            launch=how.launch,
            jobs=1,
            limits=how.limits,
        )
        ready, why = introduce(ground, stop=threading.Event())
    if ready is None:
        raise GroundError(
            f"TensorFlow cannot be observed in {sys.executable}: {why.rstrip('.')}.",
            why="--here observes the Python that nestbench is installed in",
            do="Install nestbench beside TensorFlow, or use `nestbench pack` and run the file there.",
        )
    return dict(ready.versions)
