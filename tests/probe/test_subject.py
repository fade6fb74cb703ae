"""A user's model as data: read, found, called; each mistake named. No TensorFlow."""

import os
import sys
import tempfile
import textwrap
import unittest

from nestprobe import subject


class Model(object):
    """Stands for the Keras class."""


def plain():
    return Model()


def sized(units):
    return Model(), units


def failing():
    raise ValueError("no weights at hand\nsecond line")


def lacking():
    import a_package_that_is_nowhere  # noqa: F401


class Reading(unittest.TestCase):
    def refused(self, data):
        with self.assertRaises(subject.SubjectError) as caught:
            subject.read(data)
        self.assertEqual(caught.exception.kind, "request")
        return str(caught.exception)

    def test_a_request_comes_back_from_its_data(self):
        data = {
            "model": {"factory": "pkg.mod:make", "arguments": {"units": 3}, "path": ["src"]},
            "input": [
                {"shape": [-1, 5], "dtype": "int32", "name": "left", "below": 9},
                {"shape": [2, 3], "dtype": "float32", "name": "right"},
            ],
        }
        request = subject.read(data)
        self.assertEqual(request.inputs[0].shape, (None, 5))
        self.assertEqual(subject.to_data(request), data)

    def test_what_is_wrong_is_named(self):
        self.assertIn("names no factory", self.refused({}))
        self.assertIn("Known there", self.refused({"model": {"factory": "a:b", "args": {}}}))
        self.assertIn(
            "shape of input 1", self.refused({"model": {"factory": "a:b"}, "input": [{"shape": [0]}]})
        )
        names = [{"shape": [2], "name": "a"}, {"shape": [2]}]
        self.assertIn("in part", self.refused({"model": {"factory": "a:b"}, "input": names}))

    def test_a_shape_on_the_command_line(self):
        self.assertEqual(subject.parse_shape("2,5"), subject.InputSpec((2, 5)))
        self.assertEqual(subject.parse_shape("left=?,5:int32"), subject.InputSpec((None, 5), "int32", "left"))
        for wrong in ("2,x", "", "0,5", "a=b=2"):
            with self.assertRaises(subject.SubjectError):
                subject.parse_shape(wrong)


class Finding(unittest.TestCase):
    def setUp(self):
        self.path, self.modules = list(sys.path), set(sys.modules)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def tearDown(self):
        sys.path[:] = self.path
        for name in set(sys.modules) - self.modules:
            del sys.modules[name]

    def write(self, text):
        path = os.path.join(self.folder, "of_mine.py")
        with open(path, "w") as stream:
            stream.write(textwrap.dedent(text))
        return path

    def refused(self, name):
        with self.assertRaises(subject.SubjectError) as caught:
            subject.find(name)
        return caught.exception

    def test_by_module_and_by_file(self):
        self.assertIs(subject.find("os.path:join"), os.path.join)
        self.assertEqual(subject.find(self.write("def make(): return 3") + ":make")(), 3)

    def test_a_folder_of_modules(self):
        self.write("def make(): return 4")
        self.assertEqual(subject.find("of_mine:make", [self.folder])(), 4)

    def test_what_is_missing_is_named(self):
        self.assertEqual(self.refused("no colon").kind, "request")
        self.assertIn("no module no_such_thing", str(self.refused("no_such_thing:make")))
        self.assertIn("no file nowhere.py", str(self.refused("nowhere.py:make")))
        self.assertIn("Did you mean make?", str(self.refused(self.write("def make(): pass") + ":mke")))

    def test_a_module_that_fails_and_one_that_lacks_a_package(self):
        failed = self.refused(self.write("1 / 0") + ":make")
        self.assertEqual(failed.kind, "raised")
        self.assertIn("ZeroDivisionError", str(failed))
        lacks = self.refused(self.write("import a_package_that_is_nowhere") + ":make")
        self.assertEqual(lacks.kind, "missing")
        self.assertIn("a_package_that_is_nowhere", str(lacks))


class ArgumentTest(unittest.TestCase):
    def test_a_value_is_a_literal_of_python_or_json_or_a_text(self):
        for text, value in (
            ("3", 3), ("False", False), ("false", False), ("null", None), ("[1, 2]", [1, 2]),
            ("'relu'", "relu"), ("relu", "relu"), ("a=b", "a=b"),
        ):  # fmt: skip
            self.assertEqual(subject.parse_argument("units=" + text), ("units", value))

    def test_what_is_no_pair_is_refused(self):
        for text in ("units", "3=4", "=4"):
            with self.assertRaises(subject.SubjectError):
                subject.parse_argument(text)


class Making(unittest.TestCase):
    def refused(self, factory, arguments=None):
        with self.assertRaises(subject.SubjectError) as caught:
            subject.make(factory, arguments or {}, Model)
        return caught.exception

    def test_a_model_alone_or_with_its_inputs(self):
        self.assertIsNone(subject.make(plain, {}, Model)[1])
        self.assertEqual(subject.make(sized, {"units": 3}, Model)[1], 3)

    def test_each_mistake_has_its_kind(self):
        self.assertEqual(self.refused(sized).kind, "arguments")
        self.assertEqual(self.refused(plain, {"depth": 1}).kind, "arguments")
        self.assertEqual(self.refused(lacking).kind, "missing")
        self.assertEqual(self.refused(lambda: None).kind, "no-model")
        self.assertEqual(self.refused(Model()).kind, "no-model")

    def test_an_exception_of_the_factory_is_told_in_one_line_with_its_place(self):
        error = self.refused(failing)
        self.assertEqual(error.kind, "raised")
        self.assertIn("raised ValueError: no weights at hand", str(error))
        self.assertIn("test_subject.py, line", str(error))
        self.assertNotIn("second line", str(error))


if __name__ == "__main__":
    unittest.main()
