"""One case variant in one process: loads it, runs the protocol, keeps what is seen in a file."""

import gc
import hashlib
import json
import os
import sys
import time

from nestprobe import bytecode, casefiles, device
from nestprobe.observation import Observation, Outcome, OutcomeKind, to_data
from nestprobe.protocol.messages import raised


class Cell(object):
    """What to observe: a case id, one of its variants, and the file that declares it."""

    def __init__(self, file, case, variant):
        self.file, self.case, self.variant = file, case, variant

    def ended(self, outcome):
        """The observation where the outcome is all there is."""
        return Observation(case=self.case, variant=dict(self.variant), outcome=outcome)


def find_case(cell):
    """The declared Case. Raises what the file raises, or LookupError."""
    for declared in casefiles.load(cell.file):
        if declared.id == cell.case:
            return declared
    raise LookupError("no case %s in %s" % (cell.case, os.path.basename(cell.file)))


def observe(cell, kit, scratch, report):
    """The cell's Observation; ``report(observation, phase)`` is called on the way."""
    # Here, since it needs NumPy: without it the command line still answers. The backend has it loaded.
    from nestprobe.protocol import oracle, phases

    try:
        case = find_case(cell)
        oracle.verify(kit.engine)
    except Exception as error:
        failure = raised(error)
        text = "%s: %s" % (failure.type, failure.message)
        return cell.ended(Outcome(OutcomeKind.NOT_LOADED, text))
    return phases.Protocol(case, cell.variant, kit, scratch, report).run()


def keep_in(path, kept, key):
    """Write JSON-ready data to a file, signed with ``key`` where that is not None."""
    # Half a character of two, as of a file name that is no UTF-8, stands in no JSON that others read.
    text = json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text if key is None else _signature(text, key) + "\n" + text)


def kept_in(path, key):
    """What ``keep_in`` wrote; None where there is nothing, not all of it, or another's."""
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        if key is not None:
            signature, _, text = text.partition("\n")
            if signature != _signature(text, key):
                return None
        return json.loads(text)
    except (OSError, ValueError):
        return None


def _signature(text, key):
    return hashlib.blake2b(text.encode(), key=key.encode(), digest_size=16).hexdigest()


def observe_into(cell, kit, scratch, path, key=None):
    """Observe the cell and keep what is known at each phase in the JSON file ``path``.

    ``key``: what it is signed with, so that no neighbour can answer in its place.

    A file and not a pipe: it survives a case that closes every file descriptor. ``seconds`` of wall
    time beside the observation are the case's own: without the process around it. What a GPU was
    given to do is waited for first. ``compiled``: what has no byte code yet (``nestprobe.bytecode``).
    """
    known = set(sys.modules)
    began = time.perf_counter()

    def keep(observation, phase):
        partial = path + ".part"
        device.synchronise(kit)
        seconds = time.perf_counter() - began
        kept = {"phase": phase, "observation": to_data(observation), "seconds": seconds}
        if phase is None:
            kept["compiled"] = bytecode.missing(known)
        keep_in(partial, kept, key)
        # To rename over a file that is there, ext4 writes to the disk first: an eighth of a cell's time.
        # In between, the partial file is the result.
        if os.path.exists(path):
            os.remove(path)
        os.rename(partial, path)

    gc.set_threshold(0)  # the process ends with the cell: a collection after it would be for nothing
    keep(observe(cell, kit, scratch, keep), None)
