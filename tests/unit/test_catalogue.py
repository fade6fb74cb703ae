"""Cases are read without TensorFlow; every mistake in a case file is one clear message."""

import os

import pytest

from nestbench import catalogue
from nestbench.catalogue import load_catalogue, parted, row_label
from nestbench.errors import UsageError

HEAD = "from nestprobe import Tensor, case\n"
GOOD = (
    HEAD
    + """
@case(parameters=5 * 10, sources=["https://example.org/1"])
def plain_layer(k):
    \"\"\"It counts nothing.

    More words.
    \"\"\"
    return k.Sequential([k.layers.Dense(10, use_bias=False)])


@case(
    parameters=lambda owner, size: size * 2,
    trainable=lambda owner, size: size,
    variants={"owner": ("layer", "model"), "size": (1, 2)},
    sizes={"size": (1, 2, 4)},
)
def varied_case(k, owner, size):
    "Varied."
    return k.base(owner)
"""
)


def folder_with(tmp_path, **files):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def load(tmp_path, **files):
    return load_catalogue([folder_with(tmp_path, **files)], shipped=False)


def refused(tmp_path, **files):
    with pytest.raises(UsageError) as raised:
        load(tmp_path, **files)
    assert raised.value.exit_code == 2
    return str(raised.value)


def test_reads_metadata_and_variants(tmp_path):
    plain, varied = load(tmp_path, my_group=GOOD)
    assert (plain.id, plain.group, plain.symptom) == ("plain-layer", "my-group", "It counts nothing.")
    assert plain.sources == ("https://example.org/1",)
    assert plain.source.startswith("@case(parameters=5 * 10")
    assert [variant.label for variant in plain.variants] == [""]
    assert [variant.label for variant in varied.variants] == [
        "owner=layer,size=1",
        "owner=layer,size=2",
        "owner=model,size=1",
        "owner=model,size=2",
    ]
    assert varied.variants[1].names == {"owner": "layer", "size": "2"}
    assert [(one.parameters, one.trainable) for one in varied.variants[:2]] == [(2, 1), (4, 2)]
    assert (varied.growing, varied.sizes) == ("size", (1, 2, 4))
    assert (plain.growing, plain.sizes) == ("", ())


def test_every_case_of_scale_grows():
    scale = load_catalogue().select(groups=["scale"])
    assert all(entry.sizes for entry in scale)
    far = {entry.id for entry in scale if entry.sizes[-1] >= 512}
    assert {entry.id for entry in scale} - far == {"balanced-tree"}  # whose 9 levels are 512 leaves


def test_cells_are_every_variant_on_every_stack(tmp_path):
    cells = load(tmp_path, my_group=GOOD).cells(["tf2.0", "tf2.15"])
    assert len(cells) == 10
    assert [cell.label for cell in cells[:2]] == ["plain-layer", "varied-case[owner=layer,size=1]"]


def test_shipped_cases_load_and_import_no_tensorflow():
    shipped = load_catalogue()
    assert len(shipped) >= 1
    assert catalogue.default_folder().is_dir()


def test_only_these_could_train_the_wrong_half_and_be_judged_as_well():
    """What is trained is judged by its size: in no other case has what is frozen the size of what is free."""
    halves = {
        catalogue.row_label(entry.id, one.label)
        for entry in load_catalogue()
        for one in entry.variants
        if 0 < one.trainable == one.parameters - one.trainable
    }
    assert halves == {
        "lora-enabled",
        "raw-variable-in-init[owner=layer]",
        "raw-variable-in-init[owner=model]",
    }


def test_select_by_id_pattern_and_group(tmp_path):
    both = load(tmp_path, one=GOOD, two=GOOD.replace("plain_", "other_").replace("varied_", "more_"))
    assert [entry.id for entry in both.select(["plain-layer"])] == ["plain-layer"]
    assert [entry.id for entry in both.select(["*-layer"])] == ["plain-layer", "other-layer"]
    assert [entry.id for entry in both.select((), ["two"])] == ["other-layer", "more-case"]
    with pytest.raises(UsageError, match="no case is in both"):
        both.select(["plain-layer"], ["two"])


def test_unknown_names_come_with_the_nearest(tmp_path):
    known = load(tmp_path, my_group=GOOD)
    for call in (lambda: known.get("plain-layr"), lambda: known.select(["plain-layr"])):
        with pytest.raises(UsageError) as raised:
            call()
        assert "plain-layr" in raised.value.what
        assert "plain-layer" in str(raised.value)
    with pytest.raises(UsageError, match="my-group"):
        known.select((), ["my-grop"])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\ny = undefined\n", 2, "NameError"),
        ("x = (\n", 1, "SyntaxError"),
        ("import no_such_module_here\n", 1, "ModuleNotFoundError"),
        ("x = 1\nimport sys\nsys.exit(3)\n", 3, "SystemExit"),
        ("x = 1\nraise BaseException('no')\n", 2, "BaseException: no"),
    ],
)
def test_a_file_that_does_not_import(tmp_path, text, line, words):
    said = refused(tmp_path, broken=text)
    assert f"broken.py:{line} does not import" in said
    assert words in said


@pytest.mark.parametrize("module", ["tensorflow", "keras.layers"])
def test_an_import_of_tensorflow_is_explained(tmp_path, module):
    try:
        __import__(module)
    except ModuleNotFoundError:
        said = refused(tmp_path, broken=f"import {module}\n")
        assert "handed it through k" in said
    else:
        pytest.skip(f"{module} is installed beside the controller")


def test_a_duplicate_id_names_both_places(tmp_path):
    said = refused(tmp_path, one=GOOD, two=HEAD + "@case(parameters=1)\ndef plain_layer(k):\n    'A.'\n")
    assert "two.py:2" in said
    assert "one.py:3" in said


@pytest.mark.parametrize("count", ["'fifty'", "None", "2.0", "True", "-1", "lambda wrong: 3"])
def test_parameters_must_be_a_whole_number(tmp_path, count):
    said = refused(tmp_path, one=HEAD + f"@case(parameters={count})\ndef a_case(k):\n    return 1\n")
    assert "one.py:2" in said
    assert "parameters is not a whole number" in said


@pytest.mark.parametrize("docstring", ["", '    """"""\n', '    """\n    """\n'])
def test_a_case_without_a_docstring_is_told_what_it_is_for(tmp_path, docstring):
    said = refused(tmp_path, one=HEAD + f"@case(parameters=1)\ndef a_case(k):\n{docstring}    return 1\n")
    assert "one.py:2 case a-case has no docstring." in said
    assert "what a reader with the problem would type" in said


def test_folders_and_files_without_cases(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        load_catalogue([tmp_path / "absent"], shipped=False)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no case files"):
        load_catalogue([tmp_path / "empty"], shipped=False)
    assert "holds no case" in refused(tmp_path, one="x = 1\n")


def test_a_relative_folder_and_one_given_twice(tmp_path):
    folder = folder_with(tmp_path, my_group=GOOD)
    relative = os.path.relpath(folder)
    from pathlib import Path

    assert len(load_catalogue([Path(relative), folder], shipped=False)) == 2


@pytest.mark.parametrize(
    ("declared", "function", "said"),
    [
        ('parameters=1, variants={"owner": ("a",)}', "a_case(k)", "def a_case(k, owner):"),
        ("parameters=1", "a_case(k, owner)", "def a_case(k):"),
        ('parameters=1, needs=["tensorflwo"]', "a_case(k)", "tensorflwo"),
    ],
)
def test_a_case_that_could_not_be_called_is_refused_when_it_is_read(tmp_path, declared, function, said):
    path = tmp_path / "mine.py"
    path.write_text(f'from nestprobe import case\n\n\n@case({declared})\ndef {function}:\n    """A."""\n')
    with pytest.raises(UsageError) as caught:
        load_catalogue([tmp_path], shipped=False)
    assert said in str(caught.value)
    assert "mine.py" in str(caught.value)


@pytest.mark.parametrize("variant", [{}, {"owner": "layer"}, {"owner": "layer", "shape": "[1, 2]"}])
def test_a_label_is_taken_apart_as_it_was_put_together(variant):
    label = ",".join(f"{name}={value}" for name, value in variant.items())
    assert parted(row_label("a-case", variant)) == ("a-case", label)
