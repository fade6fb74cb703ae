import os
import unittest

from nestprobe.observation import ModelRecord
from nestprobe.protocol.modelrecord import SummaryUnreadable, parse_summary, read_model, size

#: What ``summary()`` of one and the same model printed on each of these.
SUMMARIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "summaries")
TOTALS = {"summary_total": 1523, "summary_trainable": 203, "summary_non_trainable": 1320}


class ParseSummaryTest(unittest.TestCase):
    def test_every_era_prints_the_same_totals(self):
        names = sorted(os.listdir(SUMMARIES))
        self.assertGreaterEqual(len(names), 4)
        for name in names:
            with self.subTest(name), open(os.path.join(SUMMARIES, name), encoding="utf-8") as stream:
                self.assertEqual(parse_summary(stream.read()), TOTALS)

    def test_styled_text(self):
        text = "\n".join(
            "\x1b[1m %s params: \x1b[0m\x1b[38;5;34m%s\x1b[0m (5.95 KB)" % (name, count)
            for name, count in (("Total", "1,523"), ("Trainable", "203"), ("Non-trainable", "1,320"))
        )
        self.assertEqual(parse_summary(text), TOTALS)

    def test_the_totals_of_an_optimizer_are_not_the_models(self):
        text = (
            " Total params: 1,929 (7.54 KB)\n Trainable params: 203 (812.00 B)\n"
            " Non-trainable params: 1,320 (5.16 KB)\n Optimizer params: 406 (1.59 KB)\n"
        )
        self.assertEqual(parse_summary(text)["summary_non_trainable"], 1320)

    def test_what_is_not_known_is_said_and_not_guessed(self):
        for text in ("", "Total params: many", "Total params: 3\nTrainable params: 3"):
            with self.assertRaises(SummaryUnreadable):
                parse_summary(text)


class Shaped(object):
    name = "w"

    def __init__(self, *shape):
        self.shape = shape


class SizeTest(unittest.TestCase):
    def test_number_of_scalars(self):
        self.assertEqual([size(Shaped()), size(Shaped(7)), size(Shaped(5, 10))], [1, 7, 50])

    def test_an_unknown_shape_has_none(self):
        with self.assertRaises(ValueError):
            size(Shaped(5, None))


class Fine(object):
    """As much of a model as is read of one."""

    built = True
    kernel, bias = Shaped(5, 10), Shaped(10)
    weights = [kernel, bias, kernel]
    trainable_weights = [kernel, kernel]
    non_trainable_weights = [bias]
    layers = []
    losses = [0.5]
    metrics = []

    def count_params(self):
        return 60

    def summary(self, print_fn):
        print_fn("Total params: 60\nTrainable params: 50\nNon-trainable params: 10", line_break=True)


class Broken(Fine):
    @property
    def layers(self):
        raise TypeError("no layers")

    def count_params(self):
        raise ValueError("not built\nBuild it.")

    def summary(self, print_fn):
        print_fn("nothing that is known")


class ReadModelTest(unittest.TestCase):
    def test_reads_what_the_model_says(self):
        self.assertEqual(
            read_model(Fine()),
            ModelRecord(
                built=True,
                count_params=60,
                trainable_count=50,  # a variable listed twice is counted once
                non_trainable_count=10,
                summary_total=60,
                summary_trainable=50,
                summary_non_trainable=10,
                weights=3,
                trainable_weights=2,
                layers=[],
                losses=1,
                metrics=[],
            ),
        )

    def test_one_field_that_raises_costs_no_other(self):
        record = read_model(Broken())
        self.assertEqual(set(record.raised), {"layers", "count_params", "summary"})
        self.assertEqual(record.raised["count_params"].message, "not built")
        self.assertIsNone(record.count_params)
        self.assertIsNone(record.summary_total)
        self.assertEqual((record.trainable_count, record.weights), (50, 3))


if __name__ == "__main__":
    unittest.main()
