"""Whether there is a GPU is asked of nvidia-smi, before any environment is made."""

from dataclasses import replace
from pathlib import Path

import pytest

from nestbench import gpu
from nestbench.environments import environment_folder, prepare
from nestbench.errors import ExitCode, UnavailableError
from nestbench.gpu import missing_gpu
from nestbench.interpreters import Available, Unavailable, availability
from nestbench.matrix import Device
from nestbench.matrix.locks import write_locks

LISTED = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)"
FAILED = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """A function that puts an nvidia-smi on PATH; without a call, there is none, and no device."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpu, "_DEVICES", tmp_path / "dev")
    gpu._missing.cache_clear()

    def put(body: str) -> Path:
        program = place / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        return program

    yield put
    gpu._missing.cache_clear()


def lists_one(smi):
    smi(f"echo '{LISTED}'")


def test_a_listed_gpu_is_there(smi):
    lists_one(smi)
    assert missing_gpu() == ""


def test_without_nvidia_smi_there_is_none(smi):
    assert missing_gpu() == "nvidia-smi is not there"


def test_a_device_without_the_program_counts(smi, tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()
    assert missing_gpu() == "nvidia-smi is not there"
    gpu._missing.cache_clear()
    (tmp_path / "dev" / "nvidia0").touch()
    assert missing_gpu() == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f'echo "{FAILED}"; exit 9', f"nvidia-smi says: {FAILED}"),
        ("echo broken >&2; exit 1", "nvidia-smi says: broken"),
        ("exit 6", "nvidia-smi says: exit status 6"),
        ("echo No devices found.", "nvidia-smi lists none"),
        ("exec /bin/sleep 60", "nvidia-smi did not answer in 0.2 s"),
    ],
    ids=["fails", "fails on stderr", "fails in silence", "lists none", "hangs"],
)
def test_what_it_says_is_the_reason(smi, monkeypatch, body, expected):
    if "sleep" in body:
        monkeypatch.setattr(gpu, "_SECONDS", 0.2)
    smi(body)
    assert missing_gpu() == expected


def test_a_program_that_does_not_run(smi):
    smi("").write_bytes(b"\x7fELF nonsense")
    assert missing_gpu().startswith("nvidia-smi does not run")


@pytest.mark.parametrize("value", ["", "-1"])
def test_a_person_who_hides_every_gpu_is_believed(smi, monkeypatch, value):
    lists_one(smi)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert missing_gpu() == f"CUDA_VISIBLE_DEVICES is {value!r}, which hides every GPU"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert missing_gpu() == ""


@pytest.fixture
def on_gpu(tiny):
    return replace(tiny, device=Device.GPU)


def test_a_stack_on_a_gpu_needs_one(smi, tiny, on_gpu):
    found = availability(on_gpu, allow_download=False)
    assert isinstance(found, Unavailable)
    assert found.reason == "no NVIDIA GPU is visible here (nvidia-smi is not there)"
    assert "nvidia-smi" in found.remedy
    assert found.no_device
    assert isinstance(availability(tiny, allow_download=False), Available)


def test_with_one_it_is_like_any_other(smi, on_gpu):
    lists_one(smi)
    assert isinstance(availability(on_gpu, allow_download=False), Available)


def test_no_environment_is_made_for_a_gpu_that_is_not_there(index, smi, on_gpu, tmp_path):
    write_locks([on_gpu])
    with pytest.raises(UnavailableError, match="no NVIDIA GPU is visible here") as caught:
        prepare(on_gpu, tmp_path, allow_download=False)
    assert caught.value.exit_code is ExitCode.INCOMPLETE
    assert not environment_folder(on_gpu, tmp_path).exists()
