"""What is timed of a case: which model a summary is of. No TensorFlow."""

import types
import unittest

try:
    from nestprobe.timing.subject import Subject
    from nestprobe.vocabulary import Tensor
except ImportError:  # a bare interpreter has no NumPy; the stacks' own environments have it
    Subject = None


class Model(object):
    def __init__(self, raises):
        self.raises, self.called, self.summaries = raises, 0, 0

    def summary(self, print_fn):
        print_fn("a line", line_break=True)
        self.summaries += 1


class Engine(object):
    def tensor(self, array):
        return array

    def call(self, model, data):
        if model.raises:
            raise ValueError("no call")
        model.called += 1
        return data


@unittest.skipIf(Subject is None, "no NumPy")
class SubjectTest(unittest.TestCase):
    def subject(self, raises=False):
        self.made = []

        def make(kit):
            self.made.append(Model(raises))
            return self.made[-1]

        keras = types.SimpleNamespace(backend=types.SimpleNamespace(reset_uids=lambda: None))
        case = types.SimpleNamespace(make=make, inputs=Tensor((2, 5)), needs=())
        return Subject(case, {}, types.SimpleNamespace(keras=keras, engine=Engine()), "a-case")

    def summarised(self, subject):
        arguments, _ = subject.ready_summary()
        subject.summarise(*arguments)

    def test_a_summary_is_of_the_model_that_was_called(self):
        subject = self.subject()
        arguments, _ = subject.ready_call()
        subject.call(*arguments)
        subject.ready_build()
        self.summarised(subject)
        self.summarised(subject)
        self.assertEqual([(one.called, one.summaries) for one in self.made], [(1, 2), (0, 0)])

    def test_where_only_summaries_are_asked_for_a_model_is_called_first(self):
        subject = self.subject()
        self.summarised(subject)
        self.summarised(subject)
        self.assertEqual([(one.called, one.summaries) for one in self.made], [(1, 2)])

    def test_a_model_that_cannot_be_called_has_no_summary_and_the_reason_is_its_own(self):
        subject = self.subject(raises=True)
        for _ in range(2):
            with self.assertRaisesRegex(ValueError, "no call"):
                subject.call(*subject.ready_call()[0])
            with self.assertRaisesRegex(ValueError, "no call"):
                self.summarised(subject)
        self.assertEqual([one.summaries for one in self.made], [0] * 4)


if __name__ == "__main__":
    unittest.main()
