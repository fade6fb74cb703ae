"""What is known of the parts of one size, on disk before each of them and while one is counted."""

import json
import os
import threading
import time
import traceback

from nestprobe.protocol.calls import CallCount
from nestprobe.protocol.messages import clean, raised
from nestprobe.timing.part import Kind
from nestprobe.vocabulary import NotApplicable

_TALLY_SECONDS = 0.25


class Note(object):
    """The parts of one cell so far, for whoever finds its process dead.

    ``path`` is the JSON file that ``Child`` reads; ``parts`` are those that are asked for.
    """

    def __init__(self, cell, path, parts):
        self._cell, self._path, self._all = cell, path, parts
        self._parts, self._phase, self._began = {}, None, None
        self._count = None  # of the part that is being counted
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._clerk = None

    def begins(self, part):
        """``part`` is what the process will have died of."""
        self._phase, self._began = part, time.perf_counter()
        self._keep()

    def counted(self, part, function):
        """What ``function(count)`` returns and what it raises, or None; its calls are noted in both cases."""
        count = self._count = CallCount()
        self.begins(part)
        if self._clerk is None:
            self._clerk = threading.Thread(target=self._tally, daemon=True)
            self._clerk.start()
        ended, result, failure = {"kind": Kind.MEASURED}, None, None
        try:
            result = function(count)
        except BaseException as error:
            ended, failure = _ended(error), error
        self._count = None
        if count.lost:
            ended["lost"] = True
        self._set(part, dict(ended, python_calls=count.python_calls, user_calls=count.user_calls))
        return result, failure

    def timed(self, part, function, *arguments):
        """What ``function`` returns and what it raises, or None; its seconds are noted in both cases."""
        self.begins(part)
        ended, result, failure = {"kind": Kind.MEASURED}, None, None
        began = time.perf_counter()
        try:
            result = function(*arguments)
        except BaseException as error:
            seconds = time.perf_counter() - began
            ended, failure = _ended(error), error
        else:
            seconds = time.perf_counter() - began
        self._set(part, dict(ended, seconds=round(seconds, 6)))
        return result, failure

    def not_tried(self, part, error):
        """What ``part`` needs could not be constructed."""
        self._set(part, {"kind": Kind.NOT_TRIED, "detail": "constructing it: %s" % told(error)})

    def all_ended(self, kind, detail):
        """Nothing can be measured, for one and the same reason."""
        for part in self._all:
            self._set(part, {"kind": kind, "detail": detail})
        self.close()

    def close(self):
        """All is known."""
        self._closed.set()
        self._phase = None
        self._keep()

    def _set(self, part, ended):
        with self._lock:
            self._parts[part] = ended

    def _tally(self):
        """How far a count has come, now and then: where the process is ended at its limit, a lower bound."""
        while not self._closed.wait(_TALLY_SECONDS):
            if self._count is not None:
                self._keep()

    def _keep(self):
        with self._lock:
            data = {
                "case": self._cell.case,
                "variant": dict(self._cell.variant),
                "parts": self._parts,
                "began": self._began,
            }
            count = self._count
            if count is not None:
                data["tally"] = {
                    "python_calls": count.python_calls,
                    "user_calls": sum(list(count.user_calls.values())),
                }
            with open(self._path + ".part", "w") as stream:
                json.dump({"phase": self._phase, "observation": data, "seconds": 0.0}, stream)
            os.replace(self._path + ".part", self._path)


def _ended(error):
    if isinstance(error, NotApplicable):
        return {"kind": Kind.NOT_APPLICABLE, "detail": clean(error)}
    ended = {"kind": Kind.RAISES, "detail": told(error)}
    # The frames of a deep recursion would keep every layer alive.
    traceback.clear_frames(error.__traceback__)
    return ended


def told(error):
    """``RecursionError: maximum recursion depth exceeded``."""
    failure = raised(error)
    return "%s: %s" % (failure.type, failure.message) if failure.message else failure.type
