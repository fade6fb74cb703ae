"""The pytest plugin for other projects: the fixture ``assert_tracked``."""

import pytest

from nestprobe.asserting import assert_tracked as function


@pytest.fixture
def assert_tracked():
    """``assert_tracked(model, inputs)``, see ``nestprobe.assert_tracked``."""
    return function
