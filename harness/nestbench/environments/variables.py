"""The environment variables of a process that runs TensorFlow in a stack's environment."""

import os
from collections.abc import Mapping
from pathlib import Path

# Where programs and shared libraries are found is the machine's affair; nothing else gets in.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")


def clean_environ(
    scratch: Path, *, hide_gpus: bool = True, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Variables under which two runs of one stack behave the same.

    ``scratch`` is an existing folder for whatever Keras and others write into a home; nothing of
    the user's own home, of PYTHON* or of Keras's settings is seen.
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
        JAX_PLATFORMS="cpu",
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_ENABLE_ONEDNN_OPTS="0",  # its kernels round differently from processor to processor
        TF_NUM_INTRAOP_THREADS="1",
        TF_NUM_INTEROP_THREADS="1",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        MKL_NUM_THREADS="1",
    )
    if hide_gpus:
        variables["CUDA_VISIBLE_DEVICES"] = ""
    elif "CUDA_VISIBLE_DEVICES" in given:
        variables["CUDA_VISIBLE_DEVICES"] = given["CUDA_VISIBLE_DEVICES"]
    return variables
