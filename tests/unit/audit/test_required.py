"""A person's requirements beside a stack: what is read of them, what is left out, what does not fit."""

import pytest

from nestbench.errors import GroundError, IncompleteError, UsageError
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import LockResult, LockState, input_digest, lock_path, pins, read_lock
from nestbench.run import required
from nestbench.run.required import Required, read_requirements

STACK = load_matrix().get("tf2.15")


def test_a_requirements_file(tmp_path):
    (tmp_path / "more.txt").write_text("einops\n")
    file = tmp_path / "requirements.txt"
    file.write_text(
        "# a comment\nscipy>=1.10  # why\n\nattrs==23.1 \\\n  --hash=sha256:abc\n-r more.txt\n"
        "rich; python_version < '3.9'\n"
    )
    assert read_requirements(file) == ("scipy>=1.10", "attrs==23.1", "einops", 'rich; python_version < "3.9"')


def test_a_pyproject(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "mine"\ndependencies = ["scipy>=1.10", "einops"]\n')
    assert read_requirements(file) == ("scipy>=1.10", "einops")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("requirements.txt", "scipy\n-e .\n", "requirements.txt:2: -e is not understood"),
        ("requirements.txt", "--index-url https://x\n", "requirements.txt:1: --index-url is not understood"),
        ("requirements.txt", "scipy=1\n", "requirements.txt:1: 'scipy=1' is not a requirement"),
        ("requirements.txt", "-r requirements.txt\n", "includes it"),
        ("requirements.txt", "-r none.txt\n", "none.txt cannot be read"),
        ("pyproject.toml", "[tool.poetry]\n", "names no dependencies under [project]"),
        (
            "pyproject.toml",
            "[project]\ndynamic = ['dependencies']\n",
            "names no dependencies under [project]",
        ),
        ("pyproject.toml", "[project\n", "is not valid TOML"),
        ("pyproject.toml", "[project]\ndependencies = ['a b']\n", "entry 1: 'a b' is not a requirement"),
    ],
)
def test_what_cannot_be_followed_is_named(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read_requirements(tmp_path / name)
    assert words in caught.value.what
    assert caught.value.do


@pytest.fixture
def resolving(monkeypatch):
    """Stands in for uv: the stacks that were resolved; ``result`` is what becomes of each."""
    asked = []

    def write_locks(stacks):
        asked.extend(stacks)
        for stack in stacks:
            if resolved.state is not LockState.FAILED:
                path = lock_path(stack)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"# Input: sha256:{input_digest(stack)}\n" + "\n".join(stack.tools) + "\n")
        return tuple(
            LockResult(stack_id=stack.id, state=resolved.state, detail=resolved.detail) for stack in stacks
        )

    class Resolved:
        state, detail, stacks = LockState.WRITTEN, "", asked

    resolved = Resolved()
    monkeypatch.setattr(required, "write_locks", write_locks)
    return resolved


def test_they_are_resolved_together_with_all_that_the_lock_names_and_once(tmp_path, resolving):
    said = []
    mine = Required(("einops>=0.6", "tensorflow==2.11", "Keras<3"), tmp_path / "stacks.toml", said.append)
    made = mine.added_to(STACK)
    assert made.id.startswith("tf2.15-with-")
    assert lock_path(made).parent == tmp_path / "locks"
    held = pins(read_lock(STACK))
    assert {f"{name}=={version}" for name, version in held.items()} <= set(made.requirements)
    assert "einops>=0.6" in made.requirements
    assert not any("2.11" in one for one in made.requirements)
    assert "tf2.15: tensorflow==2.11 is left out: the stack decides it" in said
    assert "tf2.15: Keras<3 is left out: the stack decides it" in said
    assert mine.added_to(STACK) == made
    assert len(resolving.stacks) == 1
    other = Required(("einops>=0.7",), tmp_path / "stacks.toml", said.append).added_to(STACK)
    assert other.id != made.id


def test_nothing_to_add_is_the_stack_itself(tmp_path, resolving):
    for wanted in ((), ("tensorflow-cpu", "tf-nightly")):
        assert Required(wanted, tmp_path / "stacks.toml", lambda _: None).added_to(STACK) is STACK
    assert resolving.stacks == []


def test_what_does_not_fit_is_told_apart_from_an_index_that_is_away(tmp_path, resolving):
    resolving.state = LockState.FAILED
    mine = Required(("numpy>=2",), tmp_path / "stacks.toml", lambda _: None)
    resolving.detail = "uv could not resolve x: because numpy==1.26 and numpy>=2\n  likely why: no set fits"
    with pytest.raises(IncompleteError, match=r"do not fit beside tf2\.15: .*numpy>=2") as caught:
        mine.added_to(STACK)
    assert not isinstance(caught.value, GroundError)
    resolving.detail = "uv could not resolve x: dns error\n  likely why: the index cannot be reached"
    with pytest.raises(GroundError, match="could not be resolved"):
        mine.added_to(STACK)
