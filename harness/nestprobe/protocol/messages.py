"""Text that two runs of one stack print alike: no addresses, no absolute paths, no scratch names."""

import logging
import re
import warnings
from contextlib import contextmanager

from nestprobe.observation import Raised

LONGEST = 500

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,}")
_IDENTITY = re.compile(r"\b(id=|at )\d{9,}")
_PATH = re.compile(r"(?<![\w/.])/(?:[\w.+@~-]+/)+")
_GENERATED = re.compile(r"__autograph_generated_file\w+")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_HEADLINE = re.compile(r"(Exception encountered when calling|in user code:|Error when deserializing)")
_TRACEBACK = "in user code:"
_ERROR = re.compile(r"[A-Z]\w*(Error|Exception|Interrupt|Exit|NotApplicable): ")
_CAUSE = "Error encountered:"  # Keras 3 says on the line after this one what went wrong
_SPACE = re.compile(r"\s+")

#: Raised at import or by the interpreter's own pace, and no news for the reader of a table.
_IGNORED = (DeprecationWarning, PendingDeprecationWarning, ResourceWarning, ImportWarning)


def clean(text):
    """First line of ``text`` that says anything, without what differs between two runs.

    Keras wraps an error of a nested ``call()`` in headlines that say only where it happened: they are
    passed over as long as a line follows that says what.
    """
    plain = _STYLE.sub("", str(text))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    while len(lines) > 1 and _HEADLINE.match(lines[0]):
        del lines[0]
    if _TRACEBACK in plain:
        # Autograph puts a traceback before the error's own text: "ValueError: ..." comes after it.
        errors = [found for found in lines if _ERROR.match(found)]
        lines = [e for e in errors if not _HEADLINE.match(e.split(": ", 1)[1])] or lines
    line = lines[0] if lines else ""
    if line.endswith(_CAUSE) and len(lines) > 1:
        line = "%s %s" % (line, lines[1])
    line = _ADDRESS.sub("0x...", line)
    line = _IDENTITY.sub(r"\g<1>...", line)
    line = _PATH.sub("", line)
    line = _GENERATED.sub("__autograph_generated_file", line)
    return _SPACE.sub(" ", line)[:LONGEST]


def raised(error):
    """The exception as data. A text that cannot be made is said to be so, not guessed."""
    try:
        text = str(error)
        if isinstance(error, KeyError) and len(error.args) == 1:
            text = str(error.args[0])  # its str() is a repr: one line with its breaks spelled out
    except Exception as second:  # a broken __str__ must not cost the observation
        text = "(its text cannot be made: %s)" % type(second).__name__
    name = type(error).__name__
    message = clean(text)
    if message.startswith(name + ": "):
        message = message[len(name) + 2 :]
    return Raised(type=name, message=message)


class _Recorder(logging.Handler):
    def __init__(self, sink):
        super(_Recorder, self).__init__(level=logging.WARNING)
        self.sink = sink

    def emit(self, record):
        try:
            self.sink(record.levelname.capitalize(), record.getMessage())
        except Exception:
            self.sink(record.levelname.capitalize(), str(record.msg))


@contextmanager
def recorded(into):
    """Append each warning of Python's ``warnings`` and of the loggers to ``into``, once each."""

    def note(category, text):
        line = "%s: %s" % (category, clean(text))
        if line not in into:
            into.append(line)

    def show(message, category, filename, lineno, file=None, line=None):  # noqa: ARG001 - what warnings calls
        if not issubclass(category, _IGNORED):
            note(category.__name__, message)

    handler = _Recorder(note)
    loggers = [logging.getLogger(name) for name in ("tensorflow", "absl", "jax", "keras")]
    before = [(logger, logger.propagate) for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        for logger in loggers:
            logger.addHandler(handler)
            logger.propagate = False
        try:
            yield into
        finally:
            for logger, propagate in before:
                logger.removeHandler(handler)
                logger.propagate = propagate
