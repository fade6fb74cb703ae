"""What the tests of statistics share: arms with noise as processes have it, and strategies."""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

CV = 0.13  # of wall time of a build, as it was measured

#: Simulations: a slow machine is no failure.
few = settings(deadline=None, max_examples=25)


def arms(rng, pairs, factor=1.0, *, common=0.5, cv=CV):
    """Two arms of the same blocks: ``common`` is the share of the variance that a block's arms share."""
    sigma = math.sqrt(math.log1p(cv**2))
    block = rng.normal(size=pairs) * sigma * math.sqrt(common)
    a, b = (np.exp(block + rng.normal(size=pairs) * sigma * math.sqrt(1 - common)) for _ in range(2))
    return a, b * factor


seeds = st.integers(0, 2**32 - 1)
#: Round numbers make equal pairs and ties, which is wanted.
times = st.one_of(st.integers(1, 20).map(float), st.floats(0.01, 100))


def paired(least=5, most=11):
    """Two lists of one length."""
    return st.integers(least, most).flatmap(
        lambda n: st.tuples(st.lists(times, min_size=n, max_size=n), st.lists(times, min_size=n, max_size=n))
    )
