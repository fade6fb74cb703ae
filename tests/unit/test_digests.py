"""What makes a stored result stale, and what must not."""

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.digests import probe_digest, tree_fingerprint, versions_digest

BASE = '''"""A page."""

from nestprobe import Tensor, case

SOURCE = "https://example.org/1"
SIZE = 10


def helper(k):
    return other(k)


def other(k):
    return SIZE


@case(parameters=5 * 10, sources=[SOURCE], inputs=Tensor((2, 5)), variants={"owner": ("layer",)})
def a_case(k, owner):
    """Symptom.

    Text.
    """
    # a comment

    text = """
# not a comment
"""
    return k.layers.Dense(helper(k)), text


@case(parameters=1)
def another_case(k):
    """Other."""
    return k.layers.Dense(1)
'''

count = 0


def digest(tmp_path, text, case="a-case"):
    global count  # noqa: PLW0603 - each text gets a folder of its own, so no byte code is shared
    count += 1
    folder = tmp_path / str(count)
    folder.mkdir()
    (folder / "page.py").write_text(text, encoding="utf-8")
    return load_catalogue([folder], shipped=False).get(case).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('variants={"owner": ("layer",)}', 'variants={"owner": ("layer",)}, sizes={"owner": (1, 2)}'),
        ("Symptom.", "Another symptom."),
        ("5 * 10", "51"),
        ("example.org/1", "example.org/2"),
        ("# a comment", "# another comment"),
        ("# a comment\n", "\n\n\n    # more\n"),
        ("Dense(1)", "Dense(2)"),
        ('"""A page."""', '"""Another page."""'),
        ("SIZE = 10\n", "SIZE = 10\nUNUSED = 3\n"),
    ],
)
def test_what_leaves_a_result_current(tmp_path, old, new):
    assert old in BASE
    assert digest(tmp_path, BASE.replace(old, new)) == digest(tmp_path, BASE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SIZE = 10", "SIZE = 11"),
        ("return other(k)", "return 1 + other(k)"),
        ("return SIZE", "return -SIZE"),
        ("k.layers.Dense(helper(k))", "k.layers.Dense(3)"),
        ("# not a comment", "# not a comment either"),
        ("Tensor((2, 5))", "Tensor((2, 6))"),
        ("Tensor((2, 5))", "Tensor((2, 5), below=7)"),
        ("Tensor((2, 5))", "[Tensor((2, 5))]"),
        ('("layer",)', '("layer", "model")'),
        ("parameters=5 * 10,", "parameters=5 * 10, needs=('tensorflow',),"),
        ("SIZE = 10\n", "SIZE = 10\nprint\n"),
    ],
)
def test_what_makes_a_result_stale(tmp_path, old, new):
    assert old in BASE
    assert digest(tmp_path, BASE.replace(old, new)) != digest(tmp_path, BASE)


@pytest.mark.parametrize("text", ["'Text.'", '"""\n    Text.\n    """', '"Größe"'])
def test_code_on_a_line_of_a_docstring_is_part_of_it(tmp_path, text):
    one, other = (
        BASE.replace("(k):\n    return SIZE", f"(k): {text}; return {size}") for size in ("SIZE", "-SIZE")
    )
    assert digest(tmp_path, one) != digest(tmp_path, other) != digest(tmp_path, BASE)


def test_another_case_is_not_part_of_it(tmp_path):
    changed = BASE.replace("Dense(helper(k))", "Dense(9)")
    assert digest(tmp_path, changed, "another-case") == digest(tmp_path, BASE, "another-case")


def test_windows_line_ends_make_no_difference(tmp_path):
    assert digest(tmp_path, BASE.replace("\n", "\r\n")) == digest(tmp_path, BASE)


def probe(tmp_path, name, **changed):
    root = tmp_path / name
    (root / "protocol").mkdir(parents=True)
    files = {
        "kit": "x = 1\n",
        "observation": "y = 1\n",
        "vocabulary": "class Tensor:\n    a = 1\n\n\ndef case():\n    return 1\n",
        "commands": "z = 1\n",
        "protocol/phases": '"""Doc."""\n\n# why\np = 1\n',
    }
    for path, text in (files | changed).items():
        (root / f"{path}.py").write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("path", "text", "same"),
    [
        ("protocol/phases", '"""Other."""\np = 1\n', True),
        ("commands", "z = 2\n", True),
        ("vocabulary", "class Tensor:\n    a = 1\n\n\ndef case():\n    return 2\n", True),
        ("vocabulary", "class Tensor:\n    a = 2\n", False),
        ("protocol/phases", "p = 2\n", False),
        ("protocol/new", "q = 1\n", False),
        ("kit", "x = 2\n", False),
        ("observation", "y = 2\n", False),
    ],
)
def test_the_probe_digest_covers_what_decides_an_observation(tmp_path, path, text, same):
    before = probe_digest(probe(tmp_path, "before"))
    after = probe_digest(probe(tmp_path, "after", **{path: text}))
    assert (before == after) is same


def test_the_real_probe_has_a_digest():
    assert len(probe_digest()) == 16
    assert len(tree_fingerprint()) == 64


def test_versions_digest_knows_no_order():
    assert versions_digest({"a": "1", "b": None}) == versions_digest({"b": None, "a": "1"})
    assert versions_digest({"a": "1"}) != versions_digest({"a": "2"})
