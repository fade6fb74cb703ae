"""The environment variables of a process that runs TensorFlow in a stack's environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from nestbench.matrix.stack import Device

# Where programs and shared libraries are found is the machine's affair; nothing else gets in.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")
# Which GPU a person chose, and where the driver keeps what it compiled: minutes of each process.
_PASSED_ON_TO_GPU = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_CACHE_PATH")

#: For processes on the CPU in which what is compiled runs once: to make it fast is a third of JAX's time.
#: Not where anything is timed.
COMPILED_FOR_ONCE = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


def clean_environ(
    scratch: Path, *, device: Device = Device.CPU, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Variables under which two runs of one stack behave the same.

    ``scratch`` is an existing folder for whatever Keras and others write into a home; nothing of
    the user's own home, of PYTHON* or of Keras's settings is seen. ``device``: on the CPU, GPUs are
    hidden; what a process on a GPU needs beside, the probe knows (``nestprobe.device``).
    """
    given = os.environ if environ is None else environ
    home = str(scratch)
    variables = {name: given[name] for name in _PASSED_ON if name in given}
    variables.update(
        HOME=home,
        KERAS_HOME=str(scratch / "keras"),
        XDG_CACHE_HOME=str(scratch / "cache"),
        MPLCONFIGDIR=str(scratch / "matplotlib"),
        TMPDIR=home,
        LANG="C.UTF-8",
        LC_ALL="C.UTF-8",
        TZ="UTC",
        PYTHONHASHSEED="0",
        PYTHONNOUSERSITE="1",
        PYTHONIOENCODING="utf-8",
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_ENABLE_ONEDNN_OPTS="0",  # its kernels round differently from processor to processor
        TF_NUM_INTRAOP_THREADS="1",
        TF_NUM_INTEROP_THREADS="1",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        MKL_NUM_THREADS="1",
        # JAX calls three more functions where a compilation took over a second, to keep what it made:
        # the count of Python calls would say how busy the machine was.
        JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="1e9",
    )
    variables["NESTPROBE_DEVICE"] = str(device)
    if device is Device.CPU:
        variables.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu")
    else:
        variables["CUDA_CACHE_PATH"] = str(Path(given.get("HOME", home)) / ".nv" / "ComputeCache")
        variables.update({name: given[name] for name in _PASSED_ON_TO_GPU if name in given})
    return variables


def cuda_variables(folder: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables by which the CUDA libraries and programs of the environment in ``folder`` come first.

    TensorFlow 2.16 and 2.17 do not look for them beside themselves (tensorflow issue 63362); and what
    the machine has of CUDA must not win over what the lock names.
    """
    given = os.environ if environ is None else environ
    site = "venv/lib/python3*/site-packages/nvidia"
    found = {
        "LD_LIBRARY_PATH": sorted(folder.glob(f"{site}/*/lib")),
        "PATH": sorted(folder.glob(f"{site}/cuda_nvcc/bin")),
    }
    return {
        name: os.pathsep.join([*map(str, places), *filter(None, [given.get(name)])])
        for name, places in found.items()
        if places
    }
