"""The variables that a stack's processes see: nothing of the user's, and of a GPU what it takes."""

from nestbench.environments import clean_environ, cuda_variables
from nestbench.matrix import Device


def test_clean_environ_lets_nothing_of_the_user_in(tmp_path):
    given = {
        "PATH": "/bin",
        "HOME": "/somewhere",
        "PYTHONPATH": "/somewhere",
        "PYTHONSTARTUP": "/somewhere",
        "TF_USE_LEGACY_KERAS": "1",
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": "--x",
        "CUDA_VISIBLE_DEVICES": "3",
    }
    seen = clean_environ(tmp_path, environ=given)
    assert "/somewhere" not in seen.values()
    assert not {"PYTHONPATH", "TF_USE_LEGACY_KERAS", "XLA_FLAGS"} & seen.keys()
    assert "KERAS_BACKEND" not in seen  # that is the stack's to say
    assert seen["HOME"] == str(tmp_path)
    assert seen["CUDA_VISIBLE_DEVICES"] == ""
    assert (seen["JAX_PLATFORMS"], seen["NESTPROBE_DEVICE"]) == ("cpu", "cpu")


def test_on_a_gpu_the_persons_choice_of_it_stays_and_nothing_hides_it(tmp_path):
    given = {"PATH": "/bin", "HOME": "/home/me", "CUDA_VISIBLE_DEVICES": "3", "CUDA_MODULE_LOADING": "EAGER"}
    seen = clean_environ(tmp_path, device=Device.GPU, environ=given)
    assert (seen["CUDA_VISIBLE_DEVICES"], seen["NESTPROBE_DEVICE"]) == ("3", "gpu")
    assert not {"JAX_PLATFORMS", "CUDA_MODULE_LOADING"} & seen.keys()
    # Else the driver compiles again for each cell, whose home is gone afterwards.
    assert seen["CUDA_CACHE_PATH"] == "/home/me/.nv/ComputeCache"
    assert seen["HOME"] == str(tmp_path)
    assert "CUDA_VISIBLE_DEVICES" not in clean_environ(tmp_path, device=Device.GPU, environ={})


def test_the_cuda_libraries_of_the_lock_come_before_the_machines(tmp_path):
    site = tmp_path / "venv" / "lib" / "python3.12" / "site-packages" / "nvidia"
    for place in ("cudnn/lib", "cublas/lib", "cuda_nvcc/bin", "cublas/include"):
        (site / place).mkdir(parents=True)
    seen = cuda_variables(tmp_path, {"LD_LIBRARY_PATH": "/usr/local/cuda/lib64", "PATH": "/bin"})
    assert seen == {
        "LD_LIBRARY_PATH": f"{site}/cublas/lib:{site}/cudnn/lib:/usr/local/cuda/lib64",
        "PATH": f"{site}/cuda_nvcc/bin:/bin",
    }
    assert cuda_variables(tmp_path / "none", {"PATH": "/bin"}) == {}
