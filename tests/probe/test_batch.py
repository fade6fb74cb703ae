"""What a model is called with."""

import unittest

try:
    import numpy
except ImportError:
    numpy = None

from nestprobe import batch
from nestprobe.subject import InputSpec


class Engine:
    """Tensors are the arrays themselves."""

    tensor = staticmethod(lambda values: values)
    array = staticmethod(lambda values: values)


@unittest.skipIf(numpy is None, "no NumPy")
class BatchTest(unittest.TestCase):
    """Inputs that a request gives by their shapes."""

    def differing(self, inputs, values):
        made = batch.arrays(inputs, Engine())
        first, second = values(made)
        self.assertEqual((first.shape, first.dtype), (second.shape, second.dtype))
        self.assertFalse((first == second).all())

    def test_no_two_inputs_hold_the_same(self):
        for dtype in ("float32", "float16", "int32", "bool"):
            named = tuple(InputSpec((2, 5), dtype, name, below=7) for name in ("left", "right"))
            with self.subTest(dtype):
                self.differing(named, lambda made: (made["left"], made["right"]))

    def test_nor_do_two_of_a_signature(self):
        signature = {"left": [InputSpec((2, 5))], "right": InputSpec((2, 5))}
        self.differing(signature, lambda made: (made["left"][0], made["right"]))

    def test_the_first_holds_the_literals_of_a_case(self):
        (first, *_) = batch.arrays((InputSpec((2, 5)),), Engine())
        self.assertEqual([float(one) for one in first], [0.125, 0.25, 0.375, 0.5, 0.625])


if __name__ == "__main__":
    unittest.main()
