"""Counts Python function calls, and runs of each case class's ``call()``, without touching the classes.

A wrapper around ``call`` would change the signature that Keras reads; ``sys.setprofile`` changes nothing.

What autograph does to translate the source of a ``call`` is left out: it walks sets of objects in the
order of their addresses, so the number of its calls differs from one process to the next.
"""

import sys

from nestprobe.casefiles import MODULE_PREFIX

#: Autograph runs a converted copy of ``call`` under this name.
_NAMES = ("call", "tf__call")

_TRANSLATION = ("/autograph/pyct/", "/autograph/converters/")


class CallCount(object):
    """``python_calls``: number of Python calls; ``user_calls``: class name to runs of its ``call()``.

    In the first build of a process the calls include what TensorFlow loads at its first op.
    """

    def __init__(self):
        self.python_calls = 0
        self.user_calls = {}
        self._translating = None  # the outermost frame of autograph's translation
        self._translates = {}  # code object -> whether it belongs to that

    def run(self, function):
        """``function()`` on this thread, its calls counted, also where it raises."""
        sys.setprofile(self._profile)
        try:
            return function()
        finally:
            sys.setprofile(None)

    def _profile(self, frame, event, _):
        if self._translating is not None:
            if event == "return" and frame is self._translating:
                self._translating = None
            return
        if event != "call":
            return
        code = frame.f_code
        if self._is_translation(code):
            self._translating = frame
            return
        self.python_calls += 1
        if code.co_name in _NAMES and code.co_varnames[:1] == ("self",):
            owner = _owner(type(frame.f_locals.get("self")), code)
            if owner is not None:
                self.user_calls[owner] = self.user_calls.get(owner, 0) + 1

    def _is_translation(self, code):
        known = self._translates.get(code)
        if known is None:
            known = any(part in code.co_filename for part in _TRANSLATION)
            self._translates[code] = known
        return known


def _owner(cls, code):
    """Name of the case class whose ``call`` this code is; None where it belongs to Keras."""
    mine = [base for base in cls.__mro__ if base.__module__.startswith(MODULE_PREFIX)]
    for base in mine:
        if getattr(base.__dict__.get("call"), "__code__", None) is code:
            return base.__name__
    if code.co_name == "tf__call":
        for base in mine:
            if "call" in base.__dict__:
                return base.__name__
    return None
