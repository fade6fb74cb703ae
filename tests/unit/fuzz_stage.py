"""What fuzzing shares: every file that is read, whole, with what reads it; and ways to damage it."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from growth_stage import counts
from hypothesis import strategies as st
from store_stage import filled, observation
from timing_stage import fill, session

from nestbench.audit.asked import asked_for
from nestbench.doctoring.report import keep, kept
from nestbench.doctoring.scoring import Score
from nestbench.gate.baseline import Baseline, Baselines
from nestbench.gate.deviation import load_deviations
from nestbench.growth.record import StackCounts
from nestbench.growth.shelf import Shelf as GrowthShelf
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import check_header, lock_path, pins, read_lock
from nestbench.portability.record import Loaded, Loads
from nestbench.portability.record import Shelf as PortabilityShelf
from nestbench.run.required import read_requirements
from nestbench.store import HostFacts, StackFacts, Store, codec, write_import
from nestbench.store.collecting import gather, stores_in
from nestbench.store.seal import sealed
from nestbench.timing.samples import samples
from nestbench.timing.shelf import Shelf as TimingShelf

ROW = """\
schema = 1
tools = ["pytest"]

[[stack]]
id = "tiny"
tensorflow = "2.0"
wheel = "tensorflow-cpu"
keras = "2.2.4-tf"
flavour = "tf.keras"
python = "3.7"
platform = "linux-x86_64"
device = "cpu"
uploaded = 2021-01-01
resolved = 2021-01-15
environ = { TF_USE_LEGACY_KERAS = "1" }

[[stack.sdists]]
name = "wrapt"
reason = "no wheel of it fits"
"""
LOCK = "# Input: sha256:" + 64 * "0" + "\ntensorflow-cpu==2.0 \\\n    --hash=sha256:" + 64 * "a" + "\n"
AUDIT = """\
from = "tf2.15"
to = "tf2.21"
via = ["tf2.16"]
requirements = "requirements.txt"

[model]
factory = "package.models:make"
arguments = { units = 3 }
path = ["src"]

[[input]]
shape = [2, -1]
dtype = "int32"
name = "left"
below = 9
"""
SEAL = re.compile(r',\n "seal": "[0-9a-f]{16}"')
DEVIATION = """\
schema = 1

[[deviation]]
stack = "tf2.*"
case = "a-case"
variant = "owner=*"
deviates = { call = "uncounted", counted = 33 }
reason = "because it is so"
until = 2026-12-31
"""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """``file`` is what is damaged, ``read`` reads it as a command does, ``whole`` what it held."""

    file: Path
    read: Callable[[], object]

    @property
    def whole(self) -> bytes:
        return self.file.read_bytes()


def readers(root: Path) -> dict[str, Reader]:
    """Every reader by name, its files in folders of their own below ``root``."""
    store = filled(root / "store")
    store.save_stack(StackFacts(stack="tf2.15", versions={"keras": "2.15.0", "h5py": None}))
    store.save_host(HostFacts(stack="tf2.15", host={"cpus": "2"}, seconds={"a-case": 1.5}))
    store.save_unconfirmed("tf2.15", {"a-case[owner=layer]": "12-34"})
    found = {
        "a result": Reader(file=store.path("tf2.15", "a-case"), read=lambda: store.load("tf2.15", "a-case")),
        "a result among many": Reader(
            file=store.path("tf2.15", "a-case"), read=lambda: store.reader().load("tf2.15", "a-case")
        ),
        "facts of a stack": Reader(file=store.facts_path("tf2.15"), read=lambda: store.load_stack("tf2.15")),
        "facts of a host": Reader(file=store.path("tf2.15", "_host"), read=lambda: store.load_host("tf2.15")),
        "what is not confirmed": Reader(
            file=store.unconfirmed_path("tf2.15"), read=lambda: store.unconfirmed("tf2.15")
        ),
    }
    return found | _sent(root) | _kept(root) | _written(root)


def _sent(root: Path) -> dict[str, Reader]:
    """What comes from elsewhere."""
    file = _text(root / "sent" / "result.json", json.dumps({
        "schema": 1,
        "stack": {"versions": {"python": "3.13.0", "tensorflow": "2.21.0"}, "flavour": "keras3"},
        "observations": [codec._data(observation())],
        "host": {"node": "elsewhere"},
        "sources": {"cases": {"a-case": "f" * 64}, "probe": "f" * 64},
    }))  # fmt: skip
    archive = filled(root / "archive")
    archive.save_stack(StackFacts(stack="tf2.15", versions={"keras": "2.15.0"}))
    archive.save_unconfirmed("tf2.15", {"a-case[owner=layer]": "12-34"})

    def bring() -> None:
        write_import(_emptied(root / "brought"), file, [])

    def collect() -> None:
        target = _emptied(root / "collected")
        gather(stores_in([root / "archive"]), target).save(target)

    return {
        "a result of elsewhere": Reader(file=file, read=bring),
        "an archive": Reader(file=archive.path("tf2.15", "a-case"), read=collect),
        "what an archive imported": Reader(file=archive.facts_path("tf2.15"), read=collect),
        "what of an archive is not confirmed": Reader(file=archive.unconfirmed_path("tf2.15"), read=collect),
    }


def _emptied(folder: Path) -> Store:
    shutil.rmtree(folder, ignore_errors=True)
    return Store(folder)


def _kept(root: Path) -> dict[str, Reader]:
    """What other commands keep."""
    baselines = Baselines(root=root / "accepted")
    baselines.save(Baseline(stack="tf2.15", cells={"a-case": {"call": "tracked", "counted": 33}}))
    loads = PortabilityShelf(root=root / "portability")
    one = Loaded(result="same", detail="x", warnings=("UserWarning: y",))
    loads.save(Loads(stack="tf2.15", basis="b", found={"a-case": {"tf2.16": {"weights": one}}}))
    growth = GrowthShelf(root=root / "growth")
    growth.keep_counts(
        StackCounts(stack="tf2.15", versions={}, flavour="", device="cpu"), counts(lambda n: n), None
    )
    timing, of = TimingShelf(root=root / "timing"), session()
    fill(timing, of, 1)
    doctor = root / "doctor"
    doctor.mkdir()
    keep(doctor, {"tf2.15": Score()})

    def timed() -> object:
        return samples(timing, timing.load("made-up"))

    launch = timing.root / "made-up" / "a" / "block-000.launch.json"
    unpacked = TimingShelf(root=root / "unpacked")
    fill(unpacked, of, 1)
    plain = unpacked.export(of, unpacked.root / "made-up")[0]
    unpacked.benchmarks(of, "a", 0).unlink()
    return {
        "a baseline": Reader(file=baselines.path("tf2.15"), read=lambda: baselines.load("tf2.15")),
        "portability": Reader(file=loads.path("tf2.15"), read=lambda: loads.load("tf2.15")),
        "growth": Reader(file=growth.root / "tf2.15.json", read=lambda: growth.counts("tf2.15")),
        "a timing session": Reader(file=timing.root / "made-up" / "session.json", read=timed),
        "a launch": Reader(file=launch, read=timed),
        "pytest-benchmark's file": Reader(file=timing.benchmarks(of, "a", 0), read=timed),
        "pytest-benchmark's file, unpacked": Reader(file=plain, read=lambda: samples(unpacked, of)),
        "the doctor's figures": Reader(file=doctor / "tf2.15.json", read=lambda: kept(doctor)),
    }


def _written(root: Path) -> dict[str, Reader]:
    """What people write."""
    matrix = _text(root / "matrix" / "stacks.toml", ROW)
    stack = load_matrix(matrix).get("tiny")
    lock = _text(lock_path(stack), LOCK)
    audit = _text(root / "audit" / "audit.toml", AUDIT)
    deviations = _text(root / "deviations" / "deviations.toml", DEVIATION)
    plain = _text(
        root / "required" / "requirements.txt", "numpy>=1.2\n# a comment\nscipy ; python_version>'3'\n"
    )
    project = _text(root / "required" / "pyproject.toml", '[project]\ndependencies = ["numpy>=1.2"]\n')
    return {
        "a matrix": Reader(file=matrix, read=lambda: load_matrix(matrix)),
        "a lock": Reader(file=lock, read=lambda: (check_header(stack), pins(read_lock(stack)))),
        "an audit": Reader(file=audit, read=lambda: asked_for(audit, {}, {})),
        "deviations": Reader(file=deviations, read=lambda: load_deviations(deviations.parent)),
        "requirements": Reader(file=plain, read=lambda: read_requirements(plain)),
        "a project": Reader(file=project, read=lambda: read_requirements(project)),
    }


def _text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


#: What stands in the place of a word or a number.
HOSTILE = (
    '"../../../up"', '"/etc/passwd"', '"\\u0000"', '"' + 300 * "a" + '"', "[]", "{}", "null", "true", "-1",
    "0", "1e400", "NaN", "9" * 40, "9" * 5000, 2000 * "[" + 2000 * "]", '"__import__(\'os\').abort()"',
    '"!!python/object/apply:os.abort []"', '"\\ud800"', "2026-01-01", "''", '"a.py:make"',
    '"\\u0000.py:make"',
)  # fmt: skip


#: A word in quotes, a number, a word: what has a value in JSON and in TOML.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\w.+-]*|true|false|null')


def resealed(data: bytes) -> bytes:
    """With a seal that fits: whoever sends a file can make one."""
    text = SEAL.sub("", data.decode("utf-8", "replace"))
    return sealed(text.removesuffix("\n}\n") + "\n}\n").encode()


@st.composite
def damaged(draw, whole: bytes) -> bytes:
    """Anything at all; or the whole file cut, spliced, flipped, or with something hostile in it."""
    kind = draw(st.sampled_from(["bytes", "text", "spliced", "replaced", "replaced", "replaced"]))
    if kind == "bytes":
        return draw(st.binary(max_size=300))
    if kind == "text":
        return draw(st.text(max_size=200)).encode("utf-8", "surrogatepass")
    if kind == "spliced":
        for _ in range(draw(st.integers(1, 3))):
            first, second = sorted(draw(st.tuples(*2 * [st.integers(0, len(whole))])))
            whole = whole[:first] + draw(st.binary(max_size=8)) + whole[second:]
        return whole
    for _ in range(draw(st.integers(1, 2))):
        whole = _replaced(draw, whole)
    return whole


def _replaced(draw, whole: bytes) -> bytes:
    text = whole.decode("utf-8", "replace")
    tokens = [found.span() for found in TOKEN.finditer(text)]
    if not tokens:
        return whole
    first, last = draw(st.sampled_from(tokens))
    return (text[:first] + draw(st.sampled_from(HOSTILE)) + text[last:]).encode("utf-8", "replace")
