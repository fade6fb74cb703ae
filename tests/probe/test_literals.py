import unittest

from nestprobe.vocabulary import Tensor

try:
    import numpy

    from nestprobe.protocol import literals
except ImportError:  # a bare interpreter; the stacks' own environments have it
    numpy = None


def tensor(values):
    return values


class Engine(object):
    """Reads a variable as the engines do."""

    @staticmethod
    def array(variable):
        return variable.numpy()


class Variable(object):
    def __init__(self, shape, dtype="float32"):
        self.shape = shape
        self.dtype = dtype
        self.held = numpy.zeros(shape, dtype)

    def assign(self, values):
        assert values.shape == tuple(self.shape), values.shape
        assert values.dtype == self.held.dtype, values.dtype
        self.held = values

    def numpy(self):
        return self.held


class Unreadable(object):
    def numpy(self):
        raise RuntimeError("in a graph")


@unittest.skipIf(numpy is None, "needs NumPy, which comes with every TensorFlow")
class LiteralsTest(unittest.TestCase):
    def test_floating_inputs_are_small_positive_and_exact_in_binary(self):
        made = literals.input_data(Tensor((2, 5)), tensor)
        self.assertEqual((made.shape, str(made.dtype)), ((2, 5), "float32"))
        self.assertTrue(((made > 0) & (made <= 1) & (made * 8 == numpy.round(made * 8))).all())

    def test_integer_inputs_stay_below(self):
        made = literals.input_data(Tensor((2, 5), "int32", below=3), tensor)
        self.assertEqual(made.ravel().tolist(), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0])

    def test_a_list_stays_a_list(self):
        specs = [Tensor((2, 5)), Tensor((2, 3))]
        self.assertEqual([one.shape for one in literals.input_data(specs, tensor)], [(2, 5), (2, 3)])
        self.assertEqual(literals.input_shape(specs), [(None, 5), (None, 3)])
        self.assertEqual(literals.input_shape(Tensor((2, 5))), (None, 5))

    def test_only_floating_variables_are_set(self):
        counter, weight, half = Variable((), "int64"), Variable((5, 10)), Variable((3,), "float16")
        literals.set_gentle([counter, weight, half], [False, True, True])
        self.assertEqual(counter.held, 0)
        self.assertTrue((weight.held > 0).all())
        self.assertTrue((half.held > 0).all())

    def test_fingerprints_differ_by_position_and_by_series(self):
        for dtype in ("float32", "float16"):
            made = []
            for series in (0, 1):
                variables = [Variable((13,), dtype) for _ in range(8)]
                literals.set_fingerprints(variables, [True] * 8, series)
                made.extend(one.held for one in variables)
            for first in range(len(made)):
                self.assertTrue((made[first] > 0).all())
                self.assertTrue((made[first] < 2).all())
                for second in range(first):
                    self.assertFalse((made[first] == made[second]).any())

    def test_values_that_cannot_be_read_are_none(self):
        found = literals.values(Engine, [Variable((2,)), Unreadable()])
        self.assertEqual(found[0].tolist(), [0, 0])
        self.assertIsNone(found[1])

    def test_values_are_copies(self):
        variable = Variable((2,))
        (found,) = literals.values(Engine, [variable])
        variable.held += 1
        self.assertEqual(found.tolist(), [0, 0])

    def test_equal_means_the_same_shape_type_and_bits(self):
        one = numpy.ones(2, "float32")
        self.assertTrue(literals.equal(one, one.copy()))
        for other in (numpy.ones(3, "float32"), numpy.ones(2, "float64"), one + 1e-6, None):
            self.assertFalse(literals.equal(one, other))

    def test_dtype_name_of_an_object_or_a_word(self):
        self.assertEqual(literals.dtype_name(Variable((), "float32")), "float32")
        self.assertTrue(literals.is_float(Variable((), "float16")))
        self.assertFalse(literals.is_float(Variable((), "int32")))


if __name__ == "__main__":
    unittest.main()
