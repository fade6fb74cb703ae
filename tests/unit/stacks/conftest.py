"""A package index of a few tiny wheels on this machine, so that real uv and tox work offline."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nestbench.bench.faults.index import Index, serving
from nestbench.matrix import Stack, load_matrix

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

ROW = f"""\
schema = 1
tools = ["tinytest"]

[[stack]]
id = "tiny"
tensorflow = "2.0"
wheel = "tinyflow"
keras = "2.2.4-tf"
flavour = "tf.keras"
python = "{PYTHON}"
platform = "linux-x86_64"
device = "cpu"
uploaded = 2021-01-01
resolved = 2021-01-15
"""


class HeldIndex(Index):
    """An index that keeps its files back while ``hold`` is cleared; ``asked``: whether one was wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.hold, self.asked = threading.Event(), threading.Event()
        self.hold.set()

    def file(self, name: str) -> bytes:
        self.asked.set()
        self.hold.wait(60)
        return super().file(name)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldIndex]:
    served = HeldIndex()
    served.add("tinyflow", "2.0", ("tinydep>=1",))
    served.add("tinydep", "1.0")
    served.add("tinydep", "1.1")
    served.add("tinytest", "0.1")
    with serving(served):
        for name in ("UV_INDEX_URL", "PIP_INDEX_URL", "UV_OFFLINE", "NESTBENCH_NO_DOWNLOAD"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        yield served
        served.hold.set()


@pytest.fixture
def row() -> str:
    """The text of a matrix file with one good row."""
    return ROW


@pytest.fixture
def tiny(tmp_path: Path) -> Stack:
    """A stack of the tiny wheels, in a matrix file of its own; not locked yet."""
    file = tmp_path / "matrix" / "stacks.toml"
    file.parent.mkdir()
    file.write_text(ROW)
    return load_matrix(file).get("tiny")
