import os
import sys
import types
import unittest

from nestprobe.casefiles import MODULE_PREFIX
from nestprobe.protocol.calls import CallCount

SOURCE = """
class Base(object):
    def call(self, x):
        return self.nested(x)

    def nested(self, x):
        return x

class Derived(Base):
    pass

class Outer(Derived):
    def call(self, x):
        return super(Outer, self).call(x)
"""


def classes(module):
    """The classes above as if a case file had made them, or somebody else's module."""
    made = types.ModuleType(module)
    exec(compile(SOURCE, module + ".py", "exec"), made.__dict__)
    return made


class CallCountTest(unittest.TestCase):
    def setUp(self):
        self.mine = classes(MODULE_PREFIX + "theme")
        self.count = CallCount()

    def test_counts_python_calls_and_runs_of_call(self):
        one = self.mine.Base()
        self.assertEqual(self.count.run(lambda: one.call(3)), 3)
        self.assertEqual(self.count.python_calls, 3)  # the lambda, call, nested
        self.assertEqual(self.count.user_calls, {"Base": 1})

    def test_a_call_belongs_to_the_class_that_wrote_it(self):
        self.count.run(lambda: self.mine.Derived().call(3))
        self.count.run(lambda: self.mine.Outer().call(3))
        self.assertEqual(self.count.user_calls, {"Base": 2, "Outer": 1})

    def test_the_call_of_another_module_is_not_the_users(self):
        self.count.run(lambda: classes("keras.layers").Base().call(3))
        self.assertEqual(self.count.user_calls, {})

    def test_the_converted_copy_of_autograph_counts(self):
        scope = {}
        exec("def tf__call(self, x):\n    return x", scope)
        self.count.run(lambda: scope["tf__call"](self.mine.Derived(), 3))
        self.assertEqual(self.count.user_calls, {"Base": 1})

    def test_what_hangs_on_the_process_is_left_out(self):
        for path, name, left_out in [
            ("/env/jax/_src/interpreters/mlir.py", "_code_to_filename", True),
            ("/env/jax/_src/interpreters/mlir.py", "lower", False),
            ("/env/tensorflow_core/python/util/module_wrapper.py", "_getattribute", True),
            ("/env/tensorflow/python/util/nest.py", "flatten", False),
        ]:
            scope = {}
            exec(compile("def %s():\n    return 3" % name, path, "exec"), scope)
            count = CallCount()
            count.run(scope[name])
            self.assertEqual(count.python_calls, 0 if left_out else 1, path)

    def test_counting_that_was_stopped_midway_is_told(self):
        self.count.run(lambda: sys.settrace(None))
        self.assertTrue(self.count.lost)
        other = CallCount()
        other.run(lambda: None)
        self.assertFalse(other.lost)

    def test_counting_is_lost_where_the_stack_runs_out_in_the_trace_function(self):
        def deeper():
            deeper()

        with self.assertRaises(RecursionError):
            self.count.run(deeper)
        self.assertTrue(self.count.lost)

    def test_what_autograph_does_to_translate_a_source_is_left_out(self):
        scope = {}
        source = "def translate(inside):\n    for _ in range(5):\n        inside()"
        exec(compile(source, "/site/autograph/pyct/transpiler.py", "exec"), scope)
        base = self.mine.Base()
        self.count.run(lambda: (scope["translate"](lambda: base.call(1)), base.call(1)))
        self.assertEqual(self.count.python_calls, 3)  # the lambda, call, nested
        self.assertEqual(self.count.user_calls, {"Base": 1})

    def test_the_standard_library_and_comparisons_are_left_out(self):
        class Compared(object):
            def __eq__(self, other):
                return self.mine(other)

            def __hash__(self):
                return 1

            def mine(self, other):
                return self is other

        one, two = Compared(), Compared()
        self.count.run(lambda: (os.path.join("a", "b"), {one: 1, two: 2}, [item + item for item in "abc"]))
        self.assertEqual(self.count.python_calls, 1)  # the lambda

    def test_counting_ends_where_the_function_raises(self):
        with self.assertRaises(ZeroDivisionError):
            self.count.run(lambda: 1 // 0)
        self.assertIsNone(sys.gettrace())
        self.assertEqual(self.count.python_calls, 1)

    def test_the_same_work_gives_the_same_number(self):
        numbers = set()
        for _ in range(3):
            count = CallCount()
            count.run(lambda: [self.mine.Outer().call(i) for i in range(10)])
            numbers.add(count.python_calls)
        self.assertEqual(len(numbers), 1)


if __name__ == "__main__":
    unittest.main()
