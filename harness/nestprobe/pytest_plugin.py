"""The pytest plugin for other projects: the fixture ``assert_tracked``, and a line of the header."""

import pytest

from nestprobe import subject
from nestprobe.asserting import assert_tracked as function


def pytest_report_header():
    """Where pytest has its header, which it leaves out with -q."""
    return "nestprobe: " + subject.is_code("a model under assert_tracked")


@pytest.fixture
def assert_tracked():
    """``assert_tracked(model, inputs)``, see ``nestprobe.assert_tracked``."""
    return function
