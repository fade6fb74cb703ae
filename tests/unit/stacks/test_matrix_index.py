"""Which releases of the index the matrix lacks."""

from dataclasses import replace

import pytest

from nestbench.errors import GroundError
from nestbench.matrix import load_matrix
from nestbench.matrix.index import missing_releases

LINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64"


def release(index, version, *, project="tensorflow_cpu", tag="cp313", platform=LINUX):
    filename = f"{project}-{version}-{tag}-{tag}-{platform}.whl"
    index.wheels[filename] = (b"", "2026-05-04T10:00:00Z")


def pure(index, project, version):
    index.wheels[f"{project}-{version}-py3-none-any.whl"] = (b"", "2026-05-04T10:00:00Z")


@pytest.fixture
def shelf(index, monkeypatch):
    # The simple index lists a project by its normalised name, its files by another spelling.
    page = type(index).page
    monkeypatch.setattr(type(index), "page", lambda self, project: page(self, project.replace("-", "_")))
    for stack in load_matrix().stacks:
        if stack.tensorflow is not None:
            release(index, stack.tensorflow)
        if stack.distribution is not None:
            pure(index, stack.distribution.replace("-", "_"), stack.keras)
    return index


def test_nothing_is_missing_where_every_release_has_a_row(shelf):
    assert missing_releases(load_matrix()) == ()


def test_new_minor_and_new_patch_are_missing(shelf):
    release(shelf, "2.21.1")
    release(shelf, "2.21.2")
    release(shelf, "2.22.0", tag="cp314")
    release(shelf, "2.22.0")
    patch, minor = missing_releases(load_matrix())
    assert (patch.version, patch.replaces) == ("2.21.2", "tf2.21")
    assert (minor.version, minor.replaces) == ("2.22.0", None)
    assert minor.wheel == "tensorflow-cpu"
    assert minor.pythons == ("3.13", "3.14")
    assert str(minor.uploaded) == "2026-05-04"


def test_release_without_a_cpu_wheel_is_found_under_the_other_name(shelf):
    release(shelf, "2.22.0", project="tensorflow")
    (found,) = missing_releases(load_matrix())
    assert found.wheel == "tensorflow"


def test_releases_of_keras_and_tf_keras_are_followed_by_their_own_rows(shelf):
    pure(shelf, "keras", "3.15.9")
    pure(shelf, "keras", "3.16.0")
    pure(shelf, "keras", "2.99.0")  # Keras 2 comes with TensorFlow's rows
    pure(shelf, "tf_keras", "2.22.0")
    found = {one.version: (one.wheel, one.replaces) for one in missing_releases(load_matrix())}
    assert found == {
        "3.15.9": ("keras", "keras3.15"),
        "3.16.0": ("keras", None),
        "2.22.0": ("tf-keras", None),
    }


def test_what_no_row_could_use_is_not_missing(shelf):
    release(shelf, "2.22.0rc1")
    release(shelf, "2.23.0", platform="win_amd64")
    release(shelf, "2.24.0", platform="manylinux_2_17_aarch64")
    release(shelf, "1.16.0")
    release(shelf, "2.0.9", tag="cp27")
    assert missing_releases(load_matrix()) == ()


def test_matrix_with_fewer_rows_lacks_the_others(shelf):
    matrix = load_matrix()
    cut = replace(matrix, stacks=matrix.stacks[1:])
    assert [found.version for found in missing_releases(cut)] == ["2.0.4"]


def test_index_out_of_reach(monkeypatch):
    with pytest.raises(GroundError) as caught:
        missing_releases(load_matrix(), environ={"UV_INDEX_URL": "http://u:pw@127.0.0.1:9/simple"})
    assert "127.0.0.1:9" in str(caught.value)
    assert "pw" not in str(caught.value)


def test_index_that_answers_in_another_form(shelf, monkeypatch):
    monkeypatch.setattr(type(shelf), "page", lambda self, project: b"<html></html>")
    with pytest.raises(GroundError, match="PEP 691"):
        missing_releases(load_matrix())
