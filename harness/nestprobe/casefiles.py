"""Loads case files by path, under a module name of their own, without importing TensorFlow."""

import glob
import importlib.machinery
import importlib.util
import os
import sys

#: Classes made by a case carry this prefix in ``__module__``; that is how they are told from Keras's.
MODULE_PREFIX = "nestcases_"


def find(folder):
    """Paths of the case files in ``folder``, sorted; names that start with ``_`` are not cases."""
    paths = glob.glob(os.path.join(os.path.abspath(str(folder)), "*.py"))
    return sorted(path for path in paths if not os.path.basename(path).startswith("_"))


class _Loader(importlib.machinery.SourceFileLoader):
    """Leaves nothing beside the file: its folder is somebody's own, or may not be written to."""

    def set_data(self, path, data, **_):
        """Where Python would write __pycache__."""


def load(path):
    """The cases of one file, in order. Raises whatever the file raises when it is run."""
    name = MODULE_PREFIX + os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, str(path), loader=_Loader(name, str(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return list(module.__dict__.get("__cases__", ()))
