"""Growth within the probe: which sizes are tried, and what is kept of one that is ended at its limit."""

import contextlib
import json
import os
import tempfile
import time
import unittest

from nestprobe.cell import Cell
from nestprobe.child import Limits
from nestprobe.timing import note
from nestprobe.timing.growing import Series
from nestprobe.timing.note import Note
from nestprobe.timing.part import BUILD, CONSTRUCT, COUNT, FIRST_CALL, TIME_BUILD, TIME_CALL, WORKS
from nestprobe.vocabulary import NotApplicable


def done(work):
    values = {"seconds": 0.5} if work != COUNT else {"python_calls": 7, "user_calls": {"Link": 2}}
    return {"parts": {part: dict(values, kind="measured") for part in WORKS[work]}}


def ended(kind, phase, parts=(), **more):
    return dict(
        {"outcome": {"kind": kind, "detail": "limit of 20 s", "phase": phase}, "parts": dict(parts)}, **more
    )


class SeriesTest(unittest.TestCase):
    """``answers``: (size, work) to what its process leaves; what is not there is measured."""

    def run_series(self, answers, sizes=(1, 2, 4, 8), count=True, repeats=2):
        self.asked = []

        def run_one(cell, limits, work):
            self.assertEqual(limits.seconds, 20)
            self.assertEqual(cell.variant["owner"], "layer")
            size = int(cell.variant["n"])
            self.asked.append((size, work))
            return answers.get((size, work), done(work)), 100.0

        asked = {
            "case": "a-case",
            "file": "a.py",
            "variant": {"owner": "layer"},
            "growing": "n",
            "sizes": list(sizes),
            "count": count,
            "repeats": repeats,
        }
        points = Series(asked, Limits(20), run_one).run()
        self.assertEqual([point["size"] for point in points], list(sizes))
        return points

    def test_every_size_is_counted_once_and_timed_as_often_as_asked(self):
        points = self.run_series({})
        self.assertEqual(
            self.asked[:5], [(1, COUNT), (1, TIME_BUILD), (1, TIME_BUILD), (1, TIME_CALL), (1, TIME_CALL)]
        )
        self.assertEqual(len(self.asked), 4 * 5)
        self.assertEqual(points[3]["counted"][FIRST_CALL]["python_calls"], 7)
        self.assertEqual(points[3]["timed"][CONSTRUCT], {"kind": "measured", "seconds": [0.5, 0.5]})

    def test_only_what_is_asked_for(self):
        (point,) = self.run_series({}, sizes=[4], repeats=0)
        self.assertEqual(self.asked, [(4, COUNT)])
        self.assertNotIn("timed", point)
        (point,) = self.run_series({}, sizes=[4], count=False, repeats=1)
        self.assertEqual(self.asked, [(4, TIME_BUILD), (4, TIME_CALL)])
        self.assertNotIn("counted", point)

    def test_above_a_size_over_the_limit_none_is_tried(self):
        left = ended("timed-out", BUILD, done(COUNT)["parts"], tally={"python_calls": 9, "user_calls": 3})
        del left["parts"][BUILD], left["parts"][FIRST_CALL]
        points = self.run_series({(4, COUNT): left}, repeats=1)
        self.assertNotIn((8, COUNT), self.asked)
        self.assertIn((8, TIME_CALL), self.asked)  # which goes on for itself
        found = points[2]["counted"]
        self.assertEqual(found[CONSTRUCT]["kind"], "measured")
        self.assertEqual(found[BUILD], {"kind": "over-the-limit", "detail": "limit of 20 s"})
        self.assertEqual(found[FIRST_CALL], {"kind": "not-tried", "detail": "build was over the limit"})
        self.assertEqual(points[2]["tally"], {"part": BUILD, "python_calls": 9, "user_calls": 3})
        for part in WORKS[COUNT]:
            named = {"kind": "not-tried", "detail": "n=4 was over the limit"}
            self.assertEqual(points[3]["counted"][part], named)
        self.assertIsNone(points[3]["tally"])

    def test_what_took_too_long_has_a_lower_bound_without_what_came_before_it(self):
        left = ended("timed-out", FIRST_CALL, began=103.0)
        points = self.run_series({(2, TIME_CALL): left})
        bound = {"kind": "over-the-limit", "detail": "limit of 20 s", "at_least": 17.0, "seconds": []}
        self.assertEqual(points[1]["timed"][FIRST_CALL], bound)
        self.assertEqual(self.asked.count((2, TIME_CALL)), 1)  # the second would take as long
        self.assertEqual(self.asked.count((4, TIME_CALL)), 0)
        self.assertEqual(self.asked.count((8, TIME_BUILD)), 2)
        late = ended("timed-out", CONSTRUCT, began=103.0)  # what the first call needs
        points = self.run_series({(2, TIME_CALL): late})
        self.assertEqual(points[1]["timed"][FIRST_CALL]["detail"], "limit of 20 s, in construct")
        self.assertNotIn("at_least", points[1]["timed"][FIRST_CALL])

    def test_what_a_part_needs_is_no_part_that_ended(self):
        left = ended("timed-out", CONSTRUCT, done(COUNT)["parts"])  # that of the second instance
        del left["parts"][FIRST_CALL]
        found = self.run_series({(2, COUNT): left}, repeats=0)[1]
        self.assertEqual(found["counted"][BUILD]["kind"], "measured")
        over = {"kind": "over-the-limit", "detail": "limit of 20 s, in construct"}
        self.assertEqual(found["counted"][FIRST_CALL], over)
        self.assertIsNone(found["tally"])

    def test_out_of_memory_ends_a_series_and_a_crash_does_not(self):
        points = self.run_series({(2, COUNT): ended("out-of-memory", CONSTRUCT)}, repeats=0)
        self.assertEqual([size for size, _ in self.asked], [1, 2])
        self.assertEqual(points[2]["counted"][BUILD]["detail"], "n=2 ran out of memory")
        points = self.run_series({(2, COUNT): ended("crashed", CONSTRUCT)}, repeats=0)
        self.assertEqual([size for size, _ in self.asked], [1, 2, 4, 8])
        self.assertEqual(points[1]["counted"][CONSTRUCT]["kind"], "crashed")
        self.assertEqual(points[1]["counted"][BUILD], {"kind": "not-tried", "detail": "construct crashed"})

    def test_what_ends_before_the_first_part_ends_all_of_them(self):
        points = self.run_series({(2, COUNT): ended("exited", None)}, repeats=0)
        kinds = {part: one["kind"] for part, one in points[1]["counted"].items()}
        self.assertEqual(kinds, dict.fromkeys(WORKS[COUNT], "exited"))
        self.assertIn("before it", points[1]["counted"][BUILD]["detail"])


class NoteTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "result.json")
        self.note = Note(Cell("a.py", "a-case", {"n": "4"}), self.path, WORKS[COUNT])
        self.addCleanup(self.note.close)

    def kept(self):
        with open(self.path) as stream:
            return json.load(stream)

    def test_what_raises_is_counted_up_to_there(self):
        def fails():
            raise ValueError("no")

        result, error = self.note.counted(BUILD, lambda count: count.run(fails))
        self.assertIsNone(result)
        self.assertIsInstance(error, ValueError)
        self.note.close()
        found = self.kept()
        self.assertIsNone(found["phase"])
        raised = {"kind": "raises", "detail": "ValueError: no", "python_calls": 1, "user_calls": {}}
        self.assertEqual(found["observation"]["parts"], {BUILD: raised})

    def test_what_a_process_was_at_is_known_before_it_ends(self):
        self.note.timed(CONSTRUCT, lambda: None)
        self.note.begins(BUILD)
        found = self.kept()
        self.assertEqual(found["phase"], BUILD)
        self.assertEqual(found["observation"]["parts"][CONSTRUCT]["kind"], "measured")
        self.assertLessEqual(found["observation"]["began"], time.perf_counter())

    def test_a_count_under_way_says_how_far_it_is(self):
        def little():
            pass

        def until_told(count):
            deadline = time.time() + 30
            while time.time() < deadline:
                little()
                if self.kept()["observation"].get("tally", {}).get("python_calls", 0) > 1000:
                    return
                for _ in range(2000):
                    little()
            self.fail("no tally")

        before = note._TALLY_SECONDS
        note._TALLY_SECONDS = 0.01
        try:
            _, error = self.note.counted(BUILD, lambda count: count.run(lambda: until_told(count)))
        finally:
            note._TALLY_SECONDS = before
        self.assertIsNone(error)
        self.note.close()
        self.assertNotIn("tally", self.kept()["observation"])

    def test_a_count_that_the_end_of_the_stack_stopped_says_so(self):
        def deep():
            deep()

        def little():
            pass

        def goes_on():
            with contextlib.suppress(RecursionError):
                deep()
            for _ in range(5000):
                little()

        self.note.counted(BUILD, lambda count: count.run(goes_on))
        self.note.counted(FIRST_CALL, lambda count: count.run(little))
        self.note.close()
        found = self.kept()["observation"]["parts"]
        self.assertEqual((found[BUILD]["kind"], found[BUILD]["lost"]), ("measured", True))
        self.assertLess(found[BUILD]["python_calls"], 5000)
        self.assertEqual(found[FIRST_CALL], {"kind": "measured", "python_calls": 1, "user_calls": {}})

    def test_not_applicable_is_no_exception_of_keras(self):
        def not_here():
            raise NotApplicable("needs TensorFlow")

        self.note.timed(CONSTRUCT, not_here)
        self.note.close()
        found = self.kept()["observation"]["parts"][CONSTRUCT]
        self.assertEqual((found["kind"], found["detail"]), ("not-applicable", "needs TensorFlow"))


if __name__ == "__main__":
    unittest.main()
