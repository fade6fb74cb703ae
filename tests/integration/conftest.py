"""Real stacks that span the eras: the oldest with its own CPU wheel, the last Keras 2, the newest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from nestbench import staging
from nestbench.environments import clean_environ, prepare
from nestbench.errors import NestbenchError
from nestbench.interpreters import Unavailable, availability
from nestbench.matrix import load_matrix

ROOT = Path(__file__).parent.parent.parent
STACKS = ("tf2.1", "tf2.15", "tf2.21")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How to run ``python -m nestprobe`` in a stack's environment."""

    stack: str
    command: tuple[str, ...]
    environ: dict[str, str]


@pytest.fixture(scope="session")
def python_of_stack():
    """A function from a stack's id to the Python of its environment, made on first use."""
    made: dict[str, Path] = {}

    def python(stack_id: str) -> Path:
        if stack_id not in made:
            stack = load_matrix(None).get(stack_id)
            found = availability(stack, allow_download=True)
            if isinstance(found, Unavailable):
                pytest.skip(f"{stack_id} cannot be made here: {found.reason}")
            try:
                made[stack_id] = prepare(stack, ROOT, allow_download=True).python_path
            except NestbenchError as error:
                pytest.fail(f"{stack_id}: {error}")
        return made[stack_id]

    return python


@pytest.fixture(scope="session", params=STACKS)
def probe(request, python_of_stack, tmp_path_factory) -> Probe:
    python = python_of_stack(request.param)
    environ = clean_environ(tmp_path_factory.mktemp(request.param))
    environ["PYTHONPATH"] = str(staging.stage(tmp_path_factory.mktemp("probe")))
    return Probe(
        stack=request.param,
        command=(str(python), "-s", "-m", "nestprobe"),
        environ=environ,
    )
