"""Whatever a file holds: read, or refused in words; nothing outside its folder, no memory without end.

A few damaged files each; `pytest --hypothesis-profile=thorough tests/unit/test_fuzz.py` tries two thousand.
"""

import os
import resource
import subprocess
import sys

import pytest
from fuzz_stage import SEAL, damaged, readers, resealed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_stage import with_nestbench

from nestbench.errors import NestbenchError
from nestbench.run.events import parse

NAMES = (
    "a result", "a result among many", "facts of a stack", "facts of a host",
    "what is not confirmed", "a result of elsewhere", "an archive", "what an archive imported",
    "what of an archive is not confirmed", "a baseline", "portability", "growth", "a timing session",
    "a launch", "pytest-benchmark's file", "pytest-benchmark's file, unpacked", "the doctor's figures",
    "a matrix", "a lock", "an audit", "deviations", "requirements", "a project",
)  # fmt: skip
DEEP = b'{"schema": 1, "stack": ' + 100_000 * b"["
LARGE = 10**10  # bytes; none of them on the disk


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "within"


@pytest.fixture(scope="module")
def reader_of(root):
    return readers(root)


def refused(reader):
    """The error that it is refused with; None where it is read."""
    found = None
    try:
        reader.read()
    except NestbenchError as error:
        found = error
    assert found is None or (found.what and found.exit_code in {1, 2, 3, 4})
    return found


def test_every_reader_is_tried(reader_of):
    assert set(reader_of) == set(NAMES)
    assert [name for name in NAMES if refused(reader_of[name])] == []


@pytest.mark.parametrize("name", NAMES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_words(reader_of, root, name, data):
    reader = reader_of[name]
    whole = reader.whole
    harm = data.draw(damaged(whole))
    if SEAL.search(whole.decode("utf-8", "replace")) and data.draw(st.booleans()):
        harm = resealed(harm)
    reader.file.write_bytes(harm)
    try:
        refused(reader)
    finally:
        reader.file.write_bytes(whole)
    assert [path.name for path in root.parent.iterdir()] == ["within"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_nested_without_end_is_refused(reader_of, name):
    reader = reader_of[name]
    whole = reader.whole
    try:
        for deep in (DEEP, resealed(DEEP), b"a = " + 100_000 * b"["):
            reader.file.write_bytes(deep)
            assert refused(reader) or name == "a lock"  # of which only the lines that pin are read
    finally:
        reader.file.write_bytes(whole)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_end_is_refused_before_it_is_read(reader_of, name):
    reader = reader_of[name]
    whole = reader.whole
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        os.truncate(reader.file, LARGE)
        assert refused(reader)
    finally:
        reader.file.write_bytes(whole)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@settings(deadline=None)
@given(line=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_a_line_of_the_probe_is_an_event_or_noise(line):
    assert parse(line)


@pytest.mark.parametrize("items", [999_990, 5_500_000])
def test_the_largest_file_of_brackets_takes_memory_that_a_laptop_has(tmp_path, items):
    """The worst that a result file can become, in a process of its own."""
    path = tmp_path / "results" / "tf2.15" / "a-case.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(resealed(b'{"schema": 1, "x": [' + items * b"[]," + b"[]]"))
    code = (
        "import sys, resource; from pathlib import Path; from nestbench.store import Store, StoreError\n"
        "try: Store(Path(sys.argv[1])).load('tf2.15', 'a-case')\n"
        "except StoreError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, str(path.parents[1])]
    done = subprocess.run(command, env=with_nestbench(), capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_000_000  # kilobytes
