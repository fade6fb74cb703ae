import unittest
from unittest import mock

from nestprobe.timing import slowed


class Clock(object):
    """A clock that a look moves on by a millisecond, and work by as much as it takes."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 0.001
        return self.now


class Case(object):
    inputs = "inputs"

    def __init__(self, clock):
        self.clock, self.made = clock, []

    def make(self, kit, **variant):
        self.clock.now += 8.0
        self.made.append((kit, variant))
        return "model"


class Subject(object):
    label = "a-case"

    def __init__(self, clock):
        self.clock, self.done = clock, []
        self.case = Case(clock)

    def work(self, *arguments):
        self.clock.now += 10.0
        self.done.append(arguments)
        return "result"

    def ready_build(self):
        return (self.construct(),), {}

    construct = build = call = construct_and_build = summarise = step = work


class SlowedTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        patch = mock.patch.object(slowed, "time", self.clock)
        patch.start()
        self.addCleanup(patch.stop)
        self.inner = Subject(self.clock)
        self.subject = slowed.Slowed(self.inner, 1.5)

    def test_every_timed_call_takes_so_many_times_as_long_and_is_done_once(self):
        for name in slowed.TIMED:
            del self.inner.done[:]
            began = self.clock.now
            self.assertEqual(getattr(self.subject, name)("one", 2), "result")
            self.assertAlmostEqual(self.clock.now - began, 15.0, delta=0.01)
            self.assertEqual(self.inner.done, [("one", 2)])

    def test_the_cases_own_function_is_slow_itself_and_the_rest_is_made_up_for(self):
        ends = []

        class Making(Subject):
            def construct(self):
                model = self.case.make("kit", owner="layer")
                ends.append(self.clock.now - began)
                self.clock.now += 2.0  # what else is under the clock
                return model, self.case.inputs

            def construct_and_build(self):
                self.construct()
                self.clock.now += 10.0

        inner = Making(self.clock)
        subject = slowed.Slowed(inner, 1.5)
        for name, total in (("construct", 15.0), ("construct_and_build", 30.0), ("construct", 15.0)):
            del inner.case.made[:], ends[:]
            began = self.clock.now
            result = getattr(subject, name)()
            self.assertAlmostEqual(self.clock.now - began, total, delta=0.02)
            self.assertAlmostEqual(ends[0], 12.0, delta=0.02)
            self.assertEqual(inner.case.made, [("kit", {"owner": "layer"})])
        self.assertEqual(result, ("model", "inputs"))
        began = self.clock.now
        subject.ready_build()  # makes one, too, before the clock
        self.assertAlmostEqual(ends[-1], 8.0, delta=0.02)

    def test_what_is_not_timed_is_left_alone(self):
        began = self.clock.now
        self.assertEqual(self.subject.ready_build(), (("result",), {}))
        self.assertAlmostEqual(self.clock.now - began, 10.0, delta=0.01)
        self.assertEqual(self.subject.label, "a-case")

    def test_what_is_raised_comes_through(self):
        def fail():
            raise ValueError("no")

        self.inner.step = fail
        with self.assertRaises(ValueError):
            slowed.Slowed(self.inner, 1.2).step()

    def test_it_names_all_that_the_measures_time(self):
        import os
        import re

        path = os.path.join(os.path.dirname(slowed.__file__), "measures.py")
        with open(path) as stream:
            timed = re.findall(r"pedantic\(subject\.(\w+)", stream.read())
        self.assertEqual(sorted(timed), sorted(slowed.TIMED))


if __name__ == "__main__":
    unittest.main()
