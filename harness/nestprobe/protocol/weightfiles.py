"""Weights file and model file: written by Keras, read back here without Keras.

A variable is *in* a file when the file holds an array with its exact values; names are not trusted.
"""

import io
import zipfile

from nestprobe.kit import keras_version
from nestprobe.protocol.literals import equal


def model_file_name(keras):
    """The single-file format of the release: ``.keras`` since Keras 2.12, HDF5 before."""
    version = tuple(int(part) for part in keras_version(keras).split("-")[0].split(".")[:2])
    return "model.keras" if version >= (2, 12) else "model.h5"


def holds(arrays, value):
    """Whether one of ``arrays`` is ``value``, bit by bit."""
    return any(equal(array, value) for array in arrays)


def arrays_in(path):
    """Every numeric array in an HDF5 file or a ``.keras`` archive."""
    if zipfile.is_zipfile(path):
        found = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".h5"):
                    found.extend(_arrays_in_hdf5(io.BytesIO(archive.read(name))))
        return found
    return _arrays_in_hdf5(path)


def _arrays_in_hdf5(source):
    import h5py
    import numpy

    found = []

    def visit(_, item):
        if isinstance(item, h5py.Dataset):
            found.append(numpy.asarray(item[()]))

    with h5py.File(source, "r") as file:
        file.visititems(visit)
    return found
