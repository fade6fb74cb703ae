"""A diagnosis: what it says, never more than was seen; the assertion; origins and sayings."""

import unittest
from unittest import mock

from nestprobe import asserting
from nestprobe.doctor import elsewhere, origins, rendering, sayings, source
from nestprobe.doctor.command import shown
from nestprobe.doctor.diagnosis import Diagnosis, Finding
from nestprobe.doctor.facts import Facts, Failure, Unseen

VERSIONS = {"keras": "3.13.2", "python": "3.13.0"}
FINDING = Finding(
    kind="uncounted",
    rule="untracked-deque",
    title="kept in a collections.deque",
    place="model.blocks[0]",
    said="the forward pass reads <2> variables",
    cause="No release of Keras looks into a deque.",
    mend="self.blocks = [...]",
    line="mine.py:3 in __init__",
    variables=("model.blocks[0].kernel (5, 5)",),
    lost=("counted", "saved"),
)
FAILED = Unseen("an optimizer step", "trained raised ValueError: no")
LEFT_OUT = Unseen("an optimizer step", "it would change a model that is in use", by_design=True)


def diagnosis(findings=(), unseen=()):
    return Diagnosis("Top", VERSIONS, list(findings), [], list(unseen), counted=0, used=60)


class Saying(unittest.TestCase):
    def test_exit_status_and_truth(self):
        self.assertEqual(diagnosis().exit_status, 0)
        self.assertEqual(diagnosis([FINDING], [FAILED]).exit_status, 1)
        self.assertEqual(diagnosis(unseen=[FAILED]).exit_status, 3)
        self.assertEqual(diagnosis(unseen=[LEFT_OUT]).exit_status, 0)
        self.assertFalse(diagnosis(unseen=[FAILED]))

    def test_what_was_not_seen_is_never_called_well(self):
        self.assertIn("not all of it could be looked at", str(diagnosis(unseen=[FAILED])))
        self.assertIn("in what was looked at", str(diagnosis(unseen=[LEFT_OUT])))
        self.assertTrue(str(diagnosis()).startswith("No finding in Top."))

    def test_every_form_has_place_cause_line_and_mend(self):
        found = diagnosis([FINDING], [FAILED])
        for form in ("text", "markdown", "json"):
            for words in (
                FINDING.place,
                FINDING.rule,
                FINDING.cause,
                FINDING.line,
                FINDING.mend,
                FAILED.what,
            ):
                self.assertIn(words, shown(found, form), form)
        self.assertEqual(found._repr_markdown_(), rendering.markdown(found))

    def test_html_is_escaped_and_whole(self):
        page = shown(diagnosis([FINDING]), "html")
        self.assertIn("&lt;2&gt;", page)
        self.assertNotIn("<2>", page)
        self.assertTrue(page.startswith("<!doctype html>"))


class Asserting(unittest.TestCase):
    def assertion(self, made, **options):
        with mock.patch.object(asserting, "diagnose", return_value=made):
            return asserting.assert_tracked(None, **options)

    def test_a_finding_fails_with_its_explanation(self):
        with self.assertRaisesRegex(AssertionError, "No release of Keras looks into a deque"):
            self.assertion(diagnosis([FINDING]))

    def test_what_could_not_be_seen_fails_too(self):
        with self.assertRaisesRegex(AssertionError, "optimizer step"):
            self.assertion(diagnosis(unseen=[FAILED]))

    def test_what_is_left_out_by_design_and_what_is_allowed_pass(self):
        self.assertion(diagnosis(unseen=[LEFT_OUT]))
        self.assertion(diagnosis([FINDING]), allow=["untracked-deque"])

    def test_an_allowance_that_matches_nothing_fails(self):
        with self.assertRaisesRegex(AssertionError, "untracked-deque"):
            self.assertion(diagnosis(), allow=["untracked-deque"])


class Setting(object):
    def __init__(self):
        self.first = 1
        self.blocks = []


class Origins(unittest.TestCase):
    def test_this_line_is_found_with_its_text(self):
        line = origins.here()[0]
        self.assertIn("origins.here()", line.text)
        self.assertTrue(line.file.endswith("test_doctor_diagnosis.py"))

    def test_the_line_that_sets_an_attribute(self):
        line = source.assignment(Setting, "blocks")
        self.assertEqual((line.function, line.text), ("__init__", "self.blocks = []"))
        self.assertIsNone(source.assignment(Setting, "other"))

    def test_whose_a_file_is(self):
        self.assertTrue(origins.is_own("/home/me/model.py"))
        self.assertTrue(origins.is_own("/x/site-packages/my_library/layers.py"))
        for path in ("/x/site-packages/keras/src/layers/layer.py", "<frozen importlib>", origins.__file__):
            self.assertFalse(origins.is_own(path), path)

    def test_whose_a_module_is(self):
        self.assertTrue(origins.is_own_module("my_library.layers"))
        for name in ("keras.src.layers", "tensorflow", "collections", "nestprobe.kit", ""):
            self.assertFalse(origins.is_own_module(name), name)


class Sayings(unittest.TestCase):
    def rule(self, text):
        engine = mock.Mock()
        engine.name = "tensorflow"
        return sayings.of_failure(Failure("called", "E", text, text), Facts(kit=mock.Mock(engine=engine)))

    def test_what_keras_says_is_a_rule(self):
        for text, name in (
            ("ValueError: You cannot add new elements of state (variables", "state-after-build"),
            ("RuntimeError: Unable to create link (name already exists)", "same-names"),
            ("AttributeError: property 'weights' of 'X' object has no setter", "reserved-name"),
            ("RuntimeError: In layer 'X', you forgot to call `super().__init__()`", "super-init-first"),
            ("AttributeError: 'TrackedList' object has no attribute 'run'", "container-replaced"),
            ("ValueError: the leaf says no", None),
        ):
            self.assertEqual(self.rule(text), name, text)


class Tracked(list):
    """As Keras 3 has it in the place of a list."""

    __module__ = "keras.src.utils.tracking"


class Blocks(object):
    def __init__(self):
        self.blocks = Tracked([{}.__getitem__])

    def from_the_attribute(self, _):
        return self.blocks[1]

    def from_a_name_of_it(self, _):
        found = self.blocks
        return found[1](found[0])

    def from_inputs(self, inputs):
        return inputs["left"]

    def from_inputs_beside_it(self, inputs):
        return self.blocks[0](inputs["left"])

    def within_what_it_holds(self, inputs):
        return self.blocks[0](tuple(inputs))


class MissingItems(unittest.TestCase):
    def rule(self, call):
        layer = Blocks()
        graph = mock.Mock(layers=[mock.Mock(item=layer)])
        try:
            call(layer, {"other": 1})
        except (IndexError, KeyError) as error:
            failure = Failure("called", type(error).__name__, "", repr(error), error)
        return sayings.of_failure(failure, Facts(kit=mock.Mock(), graph=graph))

    def test_of_a_container_that_keras_copied(self):
        self.assertEqual(self.rule(Blocks.from_the_attribute), "container-copied")
        self.assertEqual(self.rule(Blocks.from_a_name_of_it), "container-copied")

    def test_of_anything_else_is_no_cause(self):
        for call in (Blocks.from_inputs, Blocks.from_inputs_beside_it, Blocks.within_what_it_holds):
            self.assertIsNone(self.rule(call), call.__name__)


class Elsewhere(unittest.TestCase):
    def test_what_was_measured_of_a_rule(self):
        self.assertTrue(any(": not so" in one for one in elsewhere.sentences("raw-variable", "uncounted")))
        self.assertEqual(elsewhere.sentences("unknown", "uncounted"), ())

    def test_is_nowhere_that_was_looked_at(self):
        kit = mock.Mock(engine=mock.Mock(version="2.15.1"), keras=mock.Mock())
        kit.engine.name = "tensorflow"
        with mock.patch.object(elsewhere, "keras_version", return_value="2.15.0"):
            in_use = elsewhere.in_use(kit)
        said = elsewhere.sentences("lambda-layer", "raises", in_use)
        self.assertIn(
            "TensorFlow and its tf.keras 2.0, 2.3 to 2.14, 2.16 to 2.21: other trouble instead", said
        )
        self.assertIn("tf-keras as tf_keras 2.14 to 2.21: other trouble instead", said)

    def test_a_version_is_taken_out_of_ranges(self):
        for ranges, version, left in (
            ("3.0 to 3.15", "3.13.2", "3.0 to 3.12, 3.14 to 3.15"),
            ("3.0 to 3.2", "3.1.0", "3.0, 3.2"),
            ("2.0 to 2.15", "2.15.1", "2.0 to 2.14"),
            ("2.0 to 2.9", "2.15.1", "2.0 to 2.9"),
            ("3.15", "3.15.1", ""),
            ("2.0, 2.3", None, "2.0, 2.3"),
        ):
            self.assertEqual(elsewhere.without(ranges, version), left)


if __name__ == "__main__":
    unittest.main()
