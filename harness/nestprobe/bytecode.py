"""Byte code of what cells import: they may not write it themselves, and each would compile it once more.

A tenth of a cell's time on JAX, whose largest modules are imported with its first operation. A cell says
what it compiled, and the process that started it, which runs nothing of a case, compiles that from its
source and writes it.
"""

import os
import py_compile
import sys

#: Of one cell: what a case says is not to keep the others waiting.
_MOST = 200


def missing(known):
    """Source files of modules that were imported since ``known`` (their names) and have no byte code.

    Never raises, whatever a case put in the place of a module.
    """
    try:
        specs = [vars(sys.modules[name]).get("__spec__") for name in set(sys.modules) - known]
        found = [spec for spec in specs if getattr(spec, "cached", None) and not os.path.exists(spec.cached)]
        return sorted(str(spec.origin) for spec in found)
    except Exception:
        return []


class ByteCode(object):
    """Writes byte code into this environment, and for no other file; each is tried once."""

    def __init__(self):
        self._tried = set()
        self._root = os.path.realpath(sys.prefix) + os.sep

    def write(self, files):
        """Compile those of ``files``, which a case may have made up, that are the environment's.

        Never raises.
        """
        if sys.dont_write_bytecode or not isinstance(files, list):
            return
        for file in files[:_MOST]:
            if isinstance(file, str) and file not in self._tried:
                self._tried.add(file)
                self._write(file)

    def _write(self, file):
        try:
            if file.endswith(".py") and os.path.realpath(file).startswith(self._root):
                py_compile.compile(file, doraise=True)
        except (OSError, ValueError, py_compile.PyCompileError):
            pass  # an environment that cannot be written to: cells are slower, not wrong
