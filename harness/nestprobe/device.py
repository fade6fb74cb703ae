"""What this process computes on: the CPU, or a GPU that has to be there.

``NESTPROBE_DEVICE`` asks for it: ``cpu`` (where left out) or ``gpu``. Backends fall back to the CPU
without a word that a program could read; so a variable is made and computed with, and looked where all
of it lies.
"""

import json
import os
import subprocess
import sys

from nestprobe import temporary

CPU, GPU = "cpu", "gpu"
DEVICES = (CPU, GPU)
VARIABLE = "NESTPROBE_DEVICE"

_HIDDEN = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
_ON_GPU = {
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # numbers as nvidia-smi gives them
    "JAX_PLATFORMS": "cuda,cpu",  # where CUDA does not come up, an error
    "NVIDIA_TF32_OVERRIDE": "0",  # its ten bits would look like a wrong output
    # A process takes what it needs, not all of the memory: others compute beside it.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}
_UNKNOWN = "unknown"
_NAME = "nestprobe_device"  # given, so that Keras counts no name of its own
_ASKED_OF_SMI = ("gpu", "gpu_memory", "driver")
_FACTS = (*_ASKED_OF_SMI, "gpus", "cuda", "cudnn")
_SECONDS = 60


class DeviceError(RuntimeError):
    """The device that was asked for is not there: nothing may be measured in its place."""


def asked():
    """``cpu`` or ``gpu``. Raises DeviceError for any other word."""
    device = os.environ.get(VARIABLE) or CPU
    if device not in DEVICES:
        raise DeviceError("%s is %r; known: %s" % (VARIABLE, device, ", ".join(DEVICES)))
    return device


def settle(device=None):
    """Set the environment for ``device`` (the one that is asked for where left out), before any import.

    On the CPU, GPUs are hidden. On a GPU, what a person has set stays.
    """
    device = device or asked()
    os.environ[VARIABLE] = device
    if device == CPU:
        os.environ.update(_HIDDEN)
        return
    for name, value in _ON_GPU.items():
        os.environ.setdefault(name, value)


def found():
    """Facts of the device, by name; a GPU is looked for in a process of its own, so that this holds none.

    Raises DeviceError where the GPU that is asked for is not there.
    """
    if asked() == CPU:
        return {"device": CPU}
    status = None
    try:
        with temporary.folder() as folder:
            path = os.path.join(folder, "device.json")
            command = [sys.executable, "-s", "-m", "nestprobe", "device", path]
            environ = dict(os.environ, TMPDIR=folder)
            # Whatever a backend prints is no result: stdout may be where that is written.
            status = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=2, env=environ)
            with open(path) as stream:
                answer = json.load(stream)
    except (OSError, ValueError):
        raise DeviceError("the process that looked for the GPU ended with status %s" % status) from None
    if "error" in answer:
        raise DeviceError(answer["error"])
    return answer


def facts(kit):
    """Facts of the device that this process computes on. Raises DeviceError as ``verify`` does."""
    if asked() == CPU:
        return {"device": CPU}
    verify(kit, product=True)
    known = dict.fromkeys(_FACTS, _UNKNOWN)
    known.update(_smi()[0] or {})
    for name, ask in _backend(kit).facts().items():
        value = _told(ask)
        if value:
            known[name] = str(value)
    return dict(known, device=GPU)


def verify(kit, product=False):
    """Make a variable, compute with it, and see that all lies on the GPU; nothing on the CPU.

    ``product``: multiply matrices, too. Not where a case is to be observed: JAX keeps what it compiled,
    and the case would make fewer Python calls. A sum is what the oracle has computed by then anyway.
    Raises DeviceError with the reason.
    """
    if asked() == CPU:
        return
    backend = _backend(kit)
    try:
        why = backend.lacks()
        if not why:
            made = backend.compute(product)
            for _, tensor in made:
                kit.engine.array(tensor)  # what failed on the GPU is told only now
            places = [(name, backend.place(tensor)) for name, tensor in made]
            why = "; ".join("the %s lies on %s" % pair for pair in places if not _is_gpu(pair[1]))
    except Exception as error:
        why = "%s: %s" % (type(error).__name__, (str(error).strip() or "no reason given").splitlines()[0])
    if why:
        raise DeviceError("no GPU to compute on: %s; %s" % (why, _machine()))


def synchronise(kit):
    """Wait for what the GPU was given to do, before a clock is read; nothing on the CPU."""
    if asked() == GPU:
        _backend(kit).synchronise()


def _backend(kit):
    return {"tensorflow": _TensorFlow, "jax": _Jax, "torch": _Torch}[kit.engine.name](kit)


def _is_gpu(place):
    return "gpu" in place.lower() or "cuda" in place.lower()


def _told(ask):
    """What ``ask()`` says; None where this release does not tell."""
    try:
        return ask()
    except Exception:
        return None


class _TensorFlow(object):
    """TensorFlow's own variable and product: what every Keras on it is made of."""

    def __init__(self, kit):
        self._tf = kit.engine.tf

    def _gpus(self):
        config = self._tf.config
        return getattr(config, "list_physical_devices", config.experimental.list_physical_devices)("GPU")

    def lacks(self):
        if not self._tf.test.is_built_with_cuda():
            return "TensorFlow %s is built without CUDA" % self._tf.__version__
        if not self._gpus():
            return "TensorFlow %s lists no GPU, it may not find its CUDA libraries" % self._tf.__version__
        return ""

    def compute(self, product):
        tf = self._tf
        one = tf.constant([1.0])
        variable = tf.Variable([1.0], name=_NAME)
        made = [("variable", variable), ("sum", variable + one)]
        return made + ([("product", tf.matmul([[1.0]], [[1.0]]))] if product else [])

    def place(self, tensor):
        return str(getattr(tensor, "backing_device", None) or tensor.device)

    def facts(self):
        tf = self._tf  # both functions are there since 2.3
        return {
            "gpu": lambda: tf.config.experimental.get_device_details(self._gpus()[0])["device_name"],
            "gpus": lambda: len(self._gpus()),
            "cuda": lambda: tf.sysconfig.get_build_info()["cuda_version"],
            "cudnn": lambda: tf.sysconfig.get_build_info()["cudnn_version"],
        }

    def synchronise(self):
        experimental = getattr(self._tf.test, "experimental", None)  # since 2.12
        if experimental is not None:
            experimental.sync_devices()
            return
        with self._tf.device("GPU:0"):  # in order behind what it was given before
            (self._tf.zeros(()) + 1.0).numpy()


class _Jax(object):
    """Keras's variable on JAX."""

    def __init__(self, kit):
        import jax

        self._jax, self._kit = jax, kit

    def lacks(self):
        try:
            self._jax.devices("gpu")
        except RuntimeError as error:
            return "jax %s: %s" % (self._jax.__version__, str(error).splitlines()[0])
        return ""

    def compute(self, product):
        return _computed_by_keras(self._kit, product)

    def place(self, tensor):
        array = getattr(tensor, "value", tensor)
        places = ["%s (%s)" % (one, one.platform) for one in array.devices()]
        return ", ".join(sorted(places))

    def facts(self):
        def versions():
            from jax._src.lib import cuda_versions  # there is no public name for it

            return cuda_versions

        def cuda():
            version = versions().cuda_runtime_get_version()
            return "%d.%d" % (version // 1000, version % 1000 // 10)

        return {
            "gpu": lambda: self._jax.devices("gpu")[0].device_kind,
            "gpus": lambda: len(self._jax.devices("gpu")),
            "cuda": cuda,
            "cudnn": lambda: versions().cudnn_get_version(),
        }

    def synchronise(self):
        # No operation that would come behind all others: it would be compiled, see ``verify``.
        for array in self._jax.live_arrays():
            if not array.is_deleted():
                array.block_until_ready()
        self._jax.effects_barrier()


class _Torch(object):
    """Keras's variable on torch."""

    def __init__(self, kit):
        import torch

        self._torch, self._kit = torch, kit

    def lacks(self):
        if self._torch.version.cuda is None:
            return "torch %s is built without CUDA" % self._torch.__version__
        if not self._torch.cuda.is_available():
            return "torch %s sees no GPU" % self._torch.__version__
        return ""

    def compute(self, product):
        return _computed_by_keras(self._kit, product)

    def place(self, tensor):
        return str(getattr(tensor, "value", tensor).device)

    def facts(self):
        torch = self._torch
        return {
            "gpu": lambda: torch.cuda.get_device_name(0),
            "gpus": torch.cuda.device_count,
            "gpu_memory": lambda: "%d MiB" % (torch.cuda.get_device_properties(0).total_memory // 2**20),
            "cuda": lambda: torch.version.cuda,
            "cudnn": torch.backends.cudnn.version,
        }

    def synchronise(self):
        self._torch.cuda.synchronize()


def _computed_by_keras(kit, product):
    import numpy
    from keras.src import backend

    one = kit.engine.tensor(numpy.ones(1, "float32"))
    variable = backend.Variable(numpy.ones(1, "float32"), name=_NAME)
    made = [("variable", variable), ("sum", variable + one)]
    if product:
        matrix = kit.engine.tensor(numpy.ones((2, 2), "float32"))
        made.append(("product", kit.keras.ops.matmul(matrix, matrix)))
    return made


def _machine():
    """What the machine itself says of its GPUs, as a phrase."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES is %r, which hides every GPU" % visible
    known, why = _smi()
    return why or "nvidia-smi lists %(gpu)s, driver %(driver)s" % known


def _smi():
    """(facts by name, None) of the first visible GPU as nvidia-smi gives them, or (None, why not)."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    first = (os.environ.get("CUDA_VISIBLE_DEVICES") or "").split(",")[0].strip()
    if first:
        command.append("--id=%s" % first)
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            universal_newlines=True,
            timeout=_SECONDS,
        )
    except OSError:
        return None, "nvidia-smi is not there"
    except subprocess.TimeoutExpired:
        return None, "nvidia-smi did not answer in %d s" % _SECONDS
    lines = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
    words = [word.strip() for word in lines[0].split(",")]
    if done.returncode or len(words) != len(_ASKED_OF_SMI):
        return None, "nvidia-smi says: %s" % lines[0]
    return dict(zip(_ASKED_OF_SMI, words)), None
