"""The shipped matrix, and the messages for matrix files that are broken."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from packaging.version import Version
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.errors import ExitCode, UsageError
from nestbench.matrix import Backend, Device, Flavour, Module, load_matrix
from nestbench.matrix.locks import LockState, check_header, lock_command, lock_path, pins, read_lock


def test_every_minor_of_tensorflow_2_has_a_row():
    rows = [stack for stack in load_matrix().stacks if not stack.distribution]
    minors = [stack.tensorflow.split(".")[:2] for stack in rows if stack.device is Device.CPU]
    assert minors == [["2", str(minor)] for minor in range(22)]


def test_rows_stand_in_the_order_that_the_readme_names():
    """Ranges of stacks are told in it: on a CPU first; by backend; then by where Keras comes from."""

    def place(stack):
        by_release = Version((stack.keras if stack.flavour is Flavour.KERAS3 else stack.tensorflow) or "0")
        kind = 0 if stack.distribution is None else 1 if stack.is_multi_backend_2 else 2
        if stack.flavour is Flavour.TF_KERAS:
            kind = 3
        return stack.device is Device.GPU, list(Backend).index(stack.backend), kind, by_release

    stacks = load_matrix().stacks
    assert [one.id for one in stacks] == [one.id for one in sorted(stacks, key=place)]
    said = (
        "TensorFlow by release, `keras2.3`, Keras 3 by release, tf-keras by release, Keras 3 on JAX, on torch"
    )
    assert said in (Path(__file__).parents[3] / "docs" / "running.md").read_text(encoding="utf-8")


def test_every_tensorflow_that_offers_its_cuda_libraries_has_a_row_on_a_gpu():
    on_gpu = [stack for stack in load_matrix().stacks if stack.device is Device.GPU]
    minors = [int(stack.tensorflow.split(".")[1]) for stack in on_gpu if stack.tensorflow]
    assert minors == list(range(14, 22))
    assert {stack.backend for stack in on_gpu} == set(Backend)


@pytest.mark.parametrize("stack", load_matrix().stacks, ids=lambda stack: stack.id)
def test_cuda_is_in_the_locks_of_gpu_stacks_and_in_no_other(stack):
    pinned = pins(read_lock(stack))
    cuda = {name for name in pinned if name.startswith("nvidia-") and "cudnn" in name}
    assert bool(cuda) == (stack.device is Device.GPU)


def test_a_row_on_a_gpu_has_the_releases_of_its_row_on_the_cpu():
    rows = {stack.id: stack for stack in load_matrix().stacks}
    on_gpu = [stack for stack in rows.values() if stack.device is Device.GPU]
    for stack in on_gpu:
        beside = rows[stack.id.removesuffix("-gpu")]
        assert beside.device is Device.CPU
        for name in ("tensorflow", "jax", "keras", "flavour", "module", "uploaded"):
            assert getattr(stack, name) == getattr(beside, name), (stack.id, name)


def test_extras_are_asked_of_what_carries_the_backend_alone():
    get = load_matrix().get
    assert get("tf2.21-gpu").requirements[:1] == ("tensorflow[and-cuda]==2.21.0",)
    assert get("keras3.15-jax-gpu").requirements[:3] == (
        "jax[cuda12]==0.11.0", "jaxlib==0.11.0", "keras==3.15.1"
    )  # fmt: skip
    assert get("tf2.21").requirements[:1] == ("tensorflow-cpu==2.21.0",)


def test_every_minor_of_keras_3_has_a_row_on_tensorflow():
    rows = [stack for stack in load_matrix().stacks if stack.flavour is Flavour.KERAS3 and stack.distribution]
    minors = {stack.keras.split(".")[1] for stack in rows if stack.backend is Backend.TENSORFLOW}
    assert minors == {str(minor) for minor in range(16)}
    assert {stack.backend for stack in rows} == set(Backend)


def test_the_last_multi_backend_keras_2_has_a_row():
    (row,) = (one for one in load_matrix().stacks if one.flavour is Flavour.KERAS2 and one.distribution)
    assert (row.keras, row.module, row.tensorflow) == ("2.3.1", Module.KERAS, "2.1.4")


def test_tf_keras_stands_under_both_of_its_names():
    rows = [stack for stack in load_matrix().stacks if stack.flavour is Flavour.TF_KERAS]
    by_name = {module: {row.tensorflow for row in rows if row.module is module} for module in Module}
    # Under TensorFlow 2.14 the variable is not known: tf.keras stays the keras package.
    assert by_name[Module.TF_KERAS_PACKAGE] - by_name[Module.TF_KERAS_ATTRIBUTE] == {"2.14.1"}
    assert by_name[Module.TF_KERAS_ATTRIBUTE] < by_name[Module.TF_KERAS_PACKAGE]
    assert {row.environ.get("TF_USE_LEGACY_KERAS") for row in rows} == {None, "1"}
    assert all(row.environ or row.module is Module.TF_KERAS_PACKAGE for row in rows)


def test_every_python_from_3_7_to_3_13_serves_a_row():
    pythons = {stack.python for stack in load_matrix().stacks}
    assert pythons == {f"3.{minor}" for minor in range(7, 14)}


@pytest.mark.parametrize("stack", load_matrix().stacks, ids=lambda stack: stack.id)
def test_shipped_row_and_its_lock_agree(stack):
    assert stack.resolved == stack.uploaded + timedelta(days=14)
    assert check_header(stack).state is LockState.CURRENT
    pinned = pins(read_lock(stack))
    assert pinned.get(stack.wheel) == stack.tensorflow
    if stack.backend is not Backend.TENSORFLOW:
        assert pinned[stack.backend] == getattr(stack, stack.backend)
        assert "tensorflow" not in pinned
        assert "tensorflow-cpu" not in pinned
    assert {"pytest", "pytest-benchmark"} <= pinned.keys()
    if stack.flavour is not Flavour.BUILT_IN:
        assert pinned[stack.distribution or "keras"] == stack.keras
    else:
        assert "keras" not in pinned


@pytest.mark.parametrize("stack", load_matrix().stacks, ids=lambda stack: stack.id)
def test_shipped_lock_is_hashed_and_names_no_machine(stack):
    text = read_lock(stack)
    blocks = text.split("==")[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "/work" not in text
    assert "/home" not in text
    assert f"`nestbench lock {stack.id}`" in text.splitlines()[0]


def test_no_lock_is_left_of_a_row_that_is_gone():
    stacks = load_matrix().stacks
    folder = lock_path(stacks[0]).parent
    assert {path.stem for path in folder.glob("*.txt")} == {stack.id for stack in stacks}


def test_unknown_stack_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        load_matrix().get("tf2.51")
    assert "tf2.5" in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE


def test_select_keeps_the_order_asked_for():
    chosen = load_matrix().select(("tf2.21", "tf2.0", "tf2.21"))
    assert [stack.id for stack in chosen.stacks] == ["tf2.21", "tf2.0"]


def broken(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_matrix(file)
    assert str(file) in caught.value.what
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("keras =", "kears =", ["row 'tiny'", "'kears'", "Did you mean 'keras'"]),
        ('wheel = "tinyflow"\n', "", ["row 'tiny'", "'tensorflow' and 'wheel' come together"]),
        ('tensorflow = "2.0"', 'tensorflow = "two"', ["row 'tiny'", "'tensorflow'", "'two'"]),
        ('flavour = "tf.keras"', 'flavour = "keras4"', ["'flavour'", "keras3"]),
        ('tensorflow = "2.0"\n', "", ["row 'tiny'", "field 'tensorflow' is missing"]),
        (
            'wheel = "tinyflow"',
            'wheel = "tinyflow"\nbackend = "jax"',
            ["row 'tiny'", "field 'jax' is missing"],
        ),
        (
            'wheel = "tinyflow"',
            'wheel = "tinyflow"\nbackend = "jax"\njax = "1"',
            ["'module'", "'keras' alone"],
        ),
        ('device = "cpu"', 'device = "tpu"', ["'device'", "gpu"]),
        ("resolved = 2021-01-15", "resolved = 2020-01-15", ["'resolved'", "2021-01-01"]),
        ("resolved = 2021-01-15", 'resolved = "soon"', ["'resolved'", "date"]),
        ('id = "tiny"', 'id = "../tiny"', ["'id'"]),
        ('id = "tiny"\n', "", ["row number 1", "field 'id' is missing"]),
        ("schema = 1", "schema = 2", ["'schema'", "2"]),
        ("schema = 1", "shema = 1", ["'shema'", "Did you mean 'schema'"]),
        ("[[stack]]", "[stack]", ["no [[stack]] row"]),
        ('id = "tiny"', 'id = "tiny', ["not valid TOML", "line"]),
        ('["tinytest"]', '["tiny test"]', ["'tools.0'", "requirement"]),
    ],
)
def test_broken_row_is_told_by_file_row_and_field(tmp_path, row, old, new, expected):
    assert old in row
    message = broken(tmp_path, row.replace(old, new))
    for part in expected:
        assert part in message


def test_every_problem_of_a_row_is_told(tmp_path, row):
    text = row.replace('tensorflow = "2.0"', 'tensorflow = "two"').replace('"cpu"', '"tpu"')
    message = broken(tmp_path, text)
    assert "'tensorflow'" in message
    assert "'device'" in message


def test_files_that_are_no_matrix_at_all(tmp_path):
    assert "is empty" in broken(tmp_path, "# nothing yet\n")
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\xff")
    with pytest.raises(UsageError, match="not text"):
        load_matrix(tmp_path / "picture.toml")


def test_two_rows_with_one_id_are_refused(tmp_path, row):
    again = row[row.index("[[stack]]") :]
    assert "'tiny' stands in two rows" in broken(tmp_path, row + again)


def test_hold_backs_carry_a_reason(tmp_path, row):
    text = row + 'hold_backs = [{ requirement = "tinydep<1.1" }]\n'
    assert "field 'hold_backs.0.reason' is missing" in broken(tmp_path, text)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="--matrix"):
        load_matrix(tmp_path / "none.toml")


def test_the_command_for_a_lock_names_the_matrix(tmp_path, row):
    file = tmp_path / "mine.toml"
    file.write_text(row)
    assert lock_command(load_matrix(file).stacks[0]) == f"nestbench lock tiny --matrix {file}"
    assert lock_command(load_matrix().stacks[0]) == "nestbench lock tf2.0"
    rows = json.loads(CliRunner().invoke(app, ["matrix", "--matrix", str(file), "--format", "json"]).stdout)
    assert not rows[0]["runs"]
    assert str(file) in rows[0]["remedy"]
