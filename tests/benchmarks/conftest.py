"""Results to be read: copies of the published ones, as many as the promise is about, and a tenth of them."""

from pathlib import Path

import pytest

from nestbench.bench.copies import make_copies
from nestbench.bench.reading import CASES, STACKS
from nestbench.matrix import load_matrix
from nestbench.store import Store

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
TENTH = 10
SIZES = {
    "all": (STACKS, CASES),
    "tenth of stacks": (STACKS // TENTH, CASES),
    "tenth of cases": (STACKS, CASES // TENTH),
}


@pytest.fixture(scope="session")
def copies_of(tmp_path_factory):
    """A function from a name in ``SIZES`` to the copies of that size, made on first use."""
    made = {}

    def copies(size):
        if size not in made:
            stacks, cases = SIZES[size]
            folder = tmp_path_factory.mktemp("copies")
            made[size] = make_copies(Store(PUBLISHED), load_matrix(), folder, stacks=stacks, cases=cases)
        return made[size]

    return copies
