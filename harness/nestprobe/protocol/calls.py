"""Counts Python function calls, and runs of each case class's ``call()``, without touching the classes.

A wrapper around ``call`` would change the signature that Keras reads; ``sys.settrace`` changes nothing.
``sys.setprofile`` reports the same calls and those of C, twice each: a third of a cell's time went there.

Left out is what says nothing of Keras: the probe; the standard library, whose own calls differ between
patches of one Python; comprehensions, which are no calls from Python 3.12 on; and what differs from one
process to the next: comparisons within hash tables and autograph's translation of the source of a
``call``, which hang on addresses; TensorFlow's modules looking up an attribute for the first time; and
JAX's noting of the files that the frames of the stack are from, the probe's own among them.
"""

import os
import sys

from nestprobe.casefiles import MODULE_PREFIX

#: Autograph runs a converted copy of ``call`` under this name.
_NAMES = ("call", "tf__call")

_TRANSLATION = ("/autograph/pyct/", "/autograph/converters/")
_ATTRIBUTES = "/python/util/module_wrapper.py"
_LOCATIONS = ("/jax/_src/interpreters/mlir.py", "_code_to_filename")
_COMPARISONS = ("__eq__", "__hash__")
_COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>")
#: Where the standard library lies; "<frozen ...>" and what it makes as text, such as a namedtuple.
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_PROBE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INSTALLED = ("site-packages", "dist-packages")


class CallCount(object):
    """``python_calls``: number of Python calls; ``user_calls``: class name to runs of its ``call()``.

    In the first build of a process the calls include what TensorFlow loads at its first op. ``lost``:
    counting stopped before the end, and the counts are lower bounds. Where the stack runs out, it does so
    in the trace function, which Python then takes away; Keras catches the RecursionError in places and
    goes on, uncounted.
    """

    def __init__(self):
        self.python_calls = 0
        self.user_calls = {}
        self.lost = False
        self._hiding = None  # the outermost frame of what is left out with all it calls
        self._kinds = {}  # code object -> one of the kinds below

    def run(self, function):
        """``function()`` on this thread, its calls counted, also where it raises."""
        sys.settrace(self._trace)
        try:
            return function()
        finally:
            self.lost = self.lost or sys.gettrace() is None
            sys.settrace(None)

    def _trace(self, frame, event, _):
        # Without a local trace function, the calls of functions are all that Python reports.
        if self._hiding is not None or event != "call":
            return None
        code = frame.f_code
        kind = self._kinds.get(code)
        if kind is None:
            kind = self._kinds[code] = _kind(code)
        if kind is _HIDES:
            self._hiding = frame
            frame.f_trace_lines = False
            return self._leave
        if kind is _COUNTED:
            self.python_calls += 1
        if code.co_name in _NAMES and code.co_varnames[:1] == ("self",):
            owner = _owner(type(frame.f_locals.get("self")), code)
            if owner is not None:
                self.user_calls[owner] = self.user_calls.get(owner, 0) + 1
        return None

    def _leave(self, frame, event, _):
        if event == "return" and frame is self._hiding:
            self._hiding = None
        return self._leave


_COUNTED, _LEFT_OUT, _HIDES = "counted", "left out", "hides"


def _kind(code):
    path = code.co_filename
    if code.co_name in _COMPARISONS or any(part in path for part in _TRANSLATION):
        return _HIDES
    if path.endswith(_ATTRIBUTES) or (path.endswith(_LOCATIONS[0]) and code.co_name == _LOCATIONS[1]):
        return _HIDES
    library = path.startswith(_LIBRARY) and not any(part in path for part in _INSTALLED)
    if library or path.startswith((_PROBE, "<frozen ", "<string>")) or code.co_name in _COMPREHENSIONS:
        return _LEFT_OUT
    return _COUNTED


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
