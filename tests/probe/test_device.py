"""The device, against stand-ins for the backends: what lies on the CPU is never taken for a GPU."""

import os
import subprocess
import sys
import tempfile
import unittest
from types import ModuleType, SimpleNamespace
from unittest import mock

from nestprobe import child, device
from nestprobe.cell import Cell
from nestprobe.device import DeviceError

CPU_PLACE = "/job:localhost/replica:0/task:0/device:CPU:0"
GPU_PLACE = "/job:localhost/replica:0/task:0/device:GPU:0"


class Tensor(object):
    """Of any backend: says where it lies in each of the three ways; ``total``: where a sum with it lies."""

    def __init__(self, place, total=None):
        self.device, self.total = place, total
        self.value = self

    def __add__(self, other):
        return Tensor(self.total or self.device)

    def devices(self):
        return {Chip(self.device)}


class Chip(object):
    def __init__(self, place):
        self.place, self.platform, self.device_kind = place, place.split(":")[0], "NVIDIA H100"

    def __str__(self):
        return self.place


def tensorflow(variable=GPU_PLACE, total=GPU_PLACE, product=GPU_PLACE, cuda=True, gpus=("GPU:0",)):
    experimental = SimpleNamespace(
        list_physical_devices=lambda kind: list(gpus), get_device_details=lambda gpu: {"device_name": "H100"}
    )
    return SimpleNamespace(
        __version__="2.15.1",
        test=SimpleNamespace(is_built_with_cuda=lambda: cuda, experimental=mock.Mock()),
        config=SimpleNamespace(experimental=experimental),
        sysconfig=SimpleNamespace(get_build_info=lambda: {"cuda_version": "12.2", "cudnn_version": "8"}),
        constant=lambda values: Tensor(GPU_PLACE),
        Variable=lambda values, name: Tensor(variable, total),
        matmul=lambda one, two: Tensor(product),
    )


def kit(name, tf=None, product="cuda:0"):
    """What cases are handed, as far as the device asks for it."""
    engine = SimpleNamespace(
        name=name, tf=tf, array=lambda tensor: tensor, tensor=lambda values: Tensor("cuda:0")
    )
    ops = SimpleNamespace(matmul=lambda one, two: Tensor(product))
    return SimpleNamespace(engine=engine, keras=SimpleNamespace(ops=ops))


def module(name, **members):
    made = ModuleType(name)
    made.__dict__.update(members)
    return made


class Environment(unittest.TestCase):
    def setUp(self):
        patcher = mock.patch.dict(os.environ)
        patcher.start()
        self.addCleanup(patcher.stop)
        for name in (device.VARIABLE, "CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
            os.environ.pop(name, None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.environ["PATH"] = folder.name

    def smi(self, line, status=0):
        path = os.path.join(self.folder, "nvidia-smi")
        with open(path, "w") as stream:
            stream.write("#!/bin/sh\necho \"$@\" > %s\necho '%s'\nexit %d\n" % (self.asked, line, status))
        os.chmod(path, 0o755)

    @property
    def asked(self):
        return os.path.join(self.folder, "asked")

    def on_gpu(self):
        os.environ[device.VARIABLE] = "gpu"

    def reason(self, a_kit, product=True):
        with self.assertRaises(DeviceError) as caught:
            device.verify(a_kit, product=product)
        return str(caught.exception)


class AskedTest(Environment):
    def test_the_cpu_is_what_is_meant_and_hides_gpus(self):
        os.environ["CUDA_VISIBLE_DEVICES"] = "3"
        device.settle()
        self.assertEqual(device.asked(), "cpu")
        self.assertEqual((os.environ["CUDA_VISIBLE_DEVICES"], os.environ["JAX_PLATFORMS"]), ("", "cpu"))

    def test_on_a_gpu_what_a_person_chose_stays(self):
        os.environ.update(CUDA_VISIBLE_DEVICES="3", CUDA_DEVICE_ORDER="FASTEST_FIRST")
        device.settle("gpu")
        self.assertEqual(device.asked(), "gpu")
        self.assertEqual(os.environ["CUDA_VISIBLE_DEVICES"], "3")
        self.assertEqual(os.environ["CUDA_DEVICE_ORDER"], "FASTEST_FIRST")
        self.assertEqual(os.environ["TF_FORCE_GPU_ALLOW_GROWTH"], "true")
        self.assertEqual(os.environ["JAX_PLATFORMS"], "cuda,cpu")

    def test_another_word_is_refused(self):
        os.environ[device.VARIABLE] = "tpu"
        with self.assertRaises(DeviceError):
            device.asked()

    def test_on_the_cpu_nothing_is_computed_or_waited_for(self):
        nothing = SimpleNamespace()  # no engine that could be asked
        device.verify(nothing)
        device.synchronise(nothing)
        self.assertEqual(device.facts(nothing), {"device": "cpu"})
        self.assertEqual(device.found(), {"device": "cpu"})


class TensorFlowTest(Environment):
    def setUp(self):
        super().setUp()
        self.on_gpu()

    def test_what_lies_on_the_gpu_is_fine(self):
        self.smi("NVIDIA H100, 81559 MiB, 550.54.15")
        found = device.facts(kit("tensorflow", tensorflow()))
        self.assertEqual(
            found,
            {"device": "gpu", "gpu": "H100", "gpu_memory": "81559 MiB", "driver": "550.54.15", "gpus": "1",
             "cuda": "12.2", "cudnn": "8"},
        )  # fmt: skip

    def test_what_lies_on_the_cpu_is_refused(self):
        for name, told in (("variable", "variable"), ("total", "sum"), ("product", "product")):
            with self.subTest(name):
                said = self.reason(kit("tensorflow", tensorflow(**{name: CPU_PLACE})))
                self.assertIn("the %s lies on %s" % (told, CPU_PLACE), said)
                self.assertEqual(said.count("lies on"), 1)

    def test_where_a_case_is_observed_no_matrices_are_multiplied(self):
        tf = tensorflow()
        tf.matmul = mock.Mock(side_effect=AssertionError("compiled"))
        device.verify(kit("tensorflow", tf))
        tf = tensorflow(total=CPU_PLACE)
        self.assertIn("the sum lies on", self.reason(kit("tensorflow", tf), product=False))

    def test_a_build_without_cuda(self):
        said = self.reason(kit("tensorflow", tensorflow(cuda=False)))
        self.assertEqual(
            said,
            "no GPU to compute on: TensorFlow 2.15.1 is built without CUDA; nvidia-smi is not there",
        )

    def test_a_gpu_that_tensorflow_does_not_list(self):
        self.smi("NVIDIA H100, 81559 MiB, 550.54.15")
        said = self.reason(kit("tensorflow", tensorflow(gpus=())))
        self.assertIn("TensorFlow 2.15.1 lists no GPU", said)
        self.assertIn("nvidia-smi lists NVIDIA H100, driver 550.54.15", said)

    def test_what_fails_on_the_gpu_is_the_reason(self):
        tf = tensorflow()
        tf.matmul = mock.Mock(side_effect=RuntimeError("no kernel image is available\nfor this device"))
        said = self.reason(kit("tensorflow", tf))
        self.assertIn("RuntimeError: no kernel image is available; ", said)

    def test_what_fails_when_it_is_read_is_the_reason(self):
        a_kit = kit("tensorflow", tensorflow())
        a_kit.engine.array = mock.Mock(side_effect=RuntimeError("illegal address"))
        self.assertIn("illegal address", self.reason(a_kit))

    def test_a_fact_that_a_release_does_not_tell_is_unknown(self):
        tf = tensorflow()
        del tf.sysconfig.get_build_info
        found = device.facts(kit("tensorflow", tf))
        self.assertEqual((found["cuda"], found["driver"], found["gpu"]), ("unknown", "unknown", "H100"))

    def test_devices_are_waited_for(self):
        tf = tensorflow()
        device.synchronise(kit("tensorflow", tf))
        tf.test.experimental.sync_devices.assert_called_once_with()

    def test_before_2_12_a_value_is_read_back(self):
        tf = mock.MagicMock()
        tf.test = SimpleNamespace()
        device.synchronise(kit("tensorflow", tf))
        tf.device.assert_called_once_with("GPU:0")
        (tf.zeros.return_value + 1.0).numpy.assert_called_once_with()


class OthersTest(Environment):
    """JAX and torch: the variable is Keras's."""

    def setUp(self):
        super().setUp()
        self.on_gpu()

    def install(self, name, backend, variable):
        src = module(
            "keras.src", backend=SimpleNamespace(Variable=lambda values, name: Tensor(variable, "cuda:0"))
        )
        numpy = module("numpy", ones=lambda shape, dtype: [1.0])
        made = {name: backend, "keras": module("keras", src=src), "keras.src": src, "numpy": numpy}
        patcher = mock.patch.dict(sys.modules, made)
        patcher.start()
        self.addCleanup(patcher.stop)

    def jax(self, variable="cuda:0", gpus=("cuda:0",)):
        def devices(_kind):
            if not gpus:
                raise RuntimeError("Unknown backend: 'gpu' requested\nand more")
            return [Chip(one) for one in gpus]

        made = module("jax", __version__="0.11.0", devices=devices, effects_barrier=mock.Mock())
        made.live_arrays = mock.Mock(return_value=[mock.Mock(), mock.Mock()])
        for array, deleted in zip(made.live_arrays.return_value, (False, True)):
            array.is_deleted.return_value = deleted
        self.install("jax", made, variable)
        return made

    def torch(self, variable="cuda:0", cuda="13.0", available=True):
        made = mock.MagicMock(__version__="2.13.0", version=SimpleNamespace(cuda=cuda))
        made.cuda.is_available.return_value = available
        made.cuda.get_device_name.return_value = "NVIDIA H100"
        made.cuda.device_count.return_value = 2
        made.cuda.get_device_properties.return_value.total_memory = 80 * 2**30
        made.backends.cudnn.version.return_value = 92000
        self.install("torch", made, variable)
        return made

    def test_jax_on_the_gpu(self):
        made = self.jax()
        found = device.facts(kit("jax", product="cuda:0"))
        self.assertEqual((found["gpu"], found["gpus"], found["cuda"]), ("NVIDIA H100", "1", "unknown"))
        device.synchronise(kit("jax"))
        alive, deleted = made.live_arrays.return_value
        alive.block_until_ready.assert_called_once_with()
        deleted.block_until_ready.assert_not_called()
        made.effects_barrier.assert_called_once_with()

    def test_jax_on_the_cpu_is_refused(self):
        self.jax()
        said = self.reason(kit("jax", product="cpu:0"))
        self.assertIn("the product lies on cpu:0 (cpu)", said)
        self.assertNotIn("variable", said)

    def test_jax_without_a_gpu(self):
        self.jax(gpus=())
        said = self.reason(kit("jax", product="cuda:0"))
        self.assertIn("jax 0.11.0: Unknown backend: 'gpu' requested; ", said)

    def test_torch_on_the_gpu(self):
        made = self.torch()
        found = device.facts(kit("torch", product="cuda:0"))
        self.assertEqual(
            found,
            {"device": "gpu", "gpu": "NVIDIA H100", "gpus": "2", "gpu_memory": "81920 MiB",
             "driver": "unknown", "cuda": "13.0", "cudnn": "92000"},
        )  # fmt: skip
        device.synchronise(kit("torch"))
        made.cuda.synchronize.assert_called_once_with()

    def test_torch_on_the_cpu_is_refused(self):
        self.torch(variable="cpu")
        self.assertIn("the variable lies on cpu; ", self.reason(kit("torch", product="cuda:0")))

    def test_torch_without_cuda_or_without_a_gpu(self):
        self.torch(cuda=None)
        self.assertIn("torch 2.13.0 is built without CUDA", self.reason(kit("torch", product="cuda:0")))
        self.torch(available=False)
        self.assertIn("torch 2.13.0 sees no GPU", self.reason(kit("torch", product="cuda:0")))


class MachineTest(Environment):
    def setUp(self):
        super().setUp()
        self.on_gpu()
        self.kit = kit("tensorflow", tensorflow(cuda=False))

    def test_what_nvidia_smi_says_where_it_fails(self):
        self.smi("NVIDIA-SMI has failed because it could not reach the driver.", status=9)
        self.assertIn("nvidia-smi says: NVIDIA-SMI has failed", self.reason(self.kit))

    def test_a_person_hid_every_gpu(self):
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        self.assertIn("CUDA_VISIBLE_DEVICES is '-1', which hides every GPU", self.reason(self.kit))

    def test_the_gpu_that_was_chosen_is_asked_for(self):
        self.smi("NVIDIA A100, 40960 MiB, 550.54.15")
        os.environ["CUDA_VISIBLE_DEVICES"] = "2,3"
        self.assertIn("NVIDIA A100", self.reason(self.kit))
        with open(self.asked) as stream:
            self.assertIn("--id=2", stream.read().split())


class ProcessTest(Environment):
    """A GPU is looked for in a process of its own, and again in that of each cell."""

    def setUp(self):
        super().setUp()
        self.on_gpu()

    def found(self, text):
        def call(command, **_):
            self.assertEqual(command[:-1], [sys.executable, "-s", "-m", "nestprobe", "device"])
            if text is not None:
                with open(command[-1], "w") as stream:
                    stream.write(text)
            return 7

        with mock.patch.object(subprocess, "call", call):
            return device.found()

    def test_its_facts_are_those_of_the_server(self):
        self.assertEqual(self.found('{"device": "gpu", "gpu": "H100"}'), {"device": "gpu", "gpu": "H100"})

    def test_its_reason_is_that_of_the_server(self):
        with self.assertRaisesRegex(DeviceError, "no luck"):
            self.found('{"error": "no luck"}')

    def test_one_that_dies_is_a_reason_too(self):
        with self.assertRaisesRegex(DeviceError, "ended with status 7"):
            self.found(None)

    def test_a_cell_that_finds_no_gpu_is_no_observation(self):
        cell = child.Child(Cell("theme.py", "case", {}), self.folder, child.Limits())
        with open(cell.result, "w") as stream:
            stream.write('{"no_device": "the GPU fell off the bus"}')
        with self.assertRaisesRegex(DeviceError, "fell off"):
            cell._read(0)


if __name__ == "__main__":
    unittest.main()
