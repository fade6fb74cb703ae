"""A person's model as a case: loaded late and once, each mistake under a name of its own. No TensorFlow."""

import contextlib
import io
import json
import os
import sys
import tempfile
import textwrap
import types
import unittest

try:
    import numpy

    from nestprobe import audited, audited_files, exchange
    from nestprobe.protocol import calls, instance, literals
    from nestprobe.timing import subject as timed
    from nestprobe.vocabulary import Tensor
except ImportError:  # a bare interpreter; the stacks' own environments have it
    numpy = None

PAGE = """
    from a_keras import Model


    def make(units=1):
        made = Model()
        made.units = units
        return made


    def with_inputs():
        return Model(), {"left": Spec((None, 5))}


    def fails():
        raise ValueError("no weights at hand")


    def lacks():
        import a_package_that_is_nowhere


    class Spec(object):
        dtype = "float32"

        def __init__(self, shape):
            self.shape = shape


    class Dataset(object):
        element_spec = (Spec((None, 3)), Spec((None, 1)))


    def dataset():
        return Dataset()
"""


class Layer(object):
    """Stands for Keras's."""


class Model(Layer):
    """As above."""


KERAS = types.ModuleType("a_keras")
KERAS.Model = Model
KIT = types.SimpleNamespace(
    Model=Model, keras=types.SimpleNamespace(layers=types.SimpleNamespace(Layer=Layer))
)


class Engine(object):
    """Tensors are NumPy's."""

    def tensor(self, values):
        return numpy.asarray(values)

    def array(self, values):
        return numpy.asarray(values)


@unittest.skipIf(numpy is None, "no NumPy")
class Audited(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.engine = folder.name, Engine()
        self.file = os.path.join(self.folder, "a_persons_models.py")
        with open(self.file, "w") as stream:
            stream.write(textwrap.dedent(PAGE))
        sys.modules["a_keras"] = KERAS
        for name in ("a_persons_models", "a_keras"):
            self.addCleanup(sys.modules.pop, name, None)
        for module in (instance, timed, calls):
            for name in ("input_data", "input_shape", "MODULE_PREFIX"):
                if hasattr(module, name):
                    self.addCleanup(setattr, module, name, getattr(module, name))

    def case(self, factory, **more):
        path = os.path.join(self.folder, "model.json")
        with open(path, "w") as stream:
            model = {"factory": "%s:%s" % (self.file, factory), "arguments": more.pop("arguments", {})}
            json.dump(dict(more, model=model), stream)
        return audited.declare(os.path.join(self.folder, "model.py"))

    def raised(self, factory, **more):
        case = self.case(factory, **more)
        with self.assertRaises(Exception) as caught:
            case.make(KIT)
        return type(caught.exception).__name__, str(caught.exception)

    def test_declaring_loads_nothing(self):
        case = self.case("make")
        self.assertNotIn("a_persons_models", sys.modules)
        self.assertEqual((case.id, case.combinations()), ("model", [{}]))

    def test_each_mistake_has_a_name(self):
        self.assertEqual(self.raised("fails"), ("ValueError", "no weights at hand"))
        self.assertEqual(self.raised("lacks")[0], "Missing")
        self.assertEqual(self.raised("nowhere")[0], "Missing")
        self.assertEqual(self.raised("make", arguments={"width": 1})[0], "WrongArguments")
        self.assertEqual(self.raised("dataset")[0], "NotAModel")

    def test_a_model_is_made_anew_each_time_of_a_file_that_is_run_once(self):
        case = self.case("make", arguments={"units": 3})
        one, other = case.make(KIT), case.make(KIT)
        self.assertIsNot(one, other)
        self.assertEqual(one.units, 3)
        self.assertIs(sys.modules["a_persons_models"].make, case._factory)

    def test_the_protocol_takes_the_persons_classes_for_those_of_a_case(self):
        mine = type("Mine", (Layer,), {"__module__": "some_project.layers"})
        self.case("make").make(KIT)
        self.assertTrue(mine.__module__.startswith(instance.MODULE_PREFIX))
        self.assertFalse("tensorflow.python".startswith(instance.MODULE_PREFIX))

    def test_inputs_by_shape_by_signature_and_from_the_factory(self):
        named = self.case("make", input=[{"shape": [2, 5], "name": "a"}, {"shape": [2, 3], "name": "b"}])
        made = instance.input_data(named.inputs, self.engine.tensor)
        self.assertEqual({name: one.shape for name, one in made.items()}, {"a": (2, 5), "b": (2, 3)})
        self.assertEqual(instance.input_shape(named.inputs), {"a": (None, 5), "b": (None, 3)})
        signed = self.case("make", signature="%s:dataset" % self.file)
        self.assertEqual(instance.input_data(signed.inputs, self.engine.tensor).shape, (2, 3))
        given = self.case("with_inputs")
        given.make(KIT)
        self.assertEqual(instance.input_data(given.inputs, self.engine.tensor)["left"].shape, (2, 5))
        without = self.case("make")
        with self.assertRaises(Exception) as caught:
            instance.input_data(without.inputs, self.engine.tensor)
        self.assertEqual(type(caught.exception).__name__, "NoInputs")

    def test_an_exchange_says_whose_values_came_back(self):
        self.addCleanup(setattr, exchange, "_Exchange", exchange._Exchange)
        self.case("make")
        request = {"folder": self.folder, "stack": "old"}
        one = exchange._Exchange(
            types.SimpleNamespace(case="model", variant={}),
            types.SimpleNamespace(engine=self.engine),
            request,
            "",
        )
        step, values = numpy.arange(5, dtype="int64"), [numpy.full(3, n, "float32") for n in (1, 2, 3)]
        one._instance = types.SimpleNamespace(watch=types.SimpleNamespace(variables=[step, *values]))
        one._marked = [False, True, True, False]
        os.makedirs(exchange.place(self.folder, "old", one._cell))
        for name, result in (("_save", "saved"), ("_load", "differs")):
            base = audited_files.Telling.__mro__[1]
            self.addCleanup(setattr, base, name, getattr(base, name))
            setattr(base, name, lambda _self, _saver, _kind, result=result: result)
        request["action"] = "save"
        self.assertEqual(one._step("old", "weights")["result"], "saved")
        request["action"] = "load"
        values[0][:] = 9
        one._instance.watch.variables.insert(0, values.pop(1))
        entry = one._step("old", "weights")
        self.assertEqual((entry["result"], entry["back"]), ("differs", [[1, 0]]))
        os.remove(os.path.join(exchange.place(self.folder, "old", one._cell), "values.npz"))
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertNotIn("back", one._step("old", "weights"))

    def test_other_cases_keep_their_inputs(self):
        self.case("make")
        spec = [Tensor((2, 5)), Tensor((2, 3))]
        ours, theirs = instance.input_data(spec, self.engine.tensor), literals.input_data(spec, numpy.asarray)
        for one, other in zip(ours, theirs):
            self.assertTrue((one == other).all())
        self.assertEqual(instance.input_shape(spec), literals.input_shape(spec))


if __name__ == "__main__":
    unittest.main()
