import os
import tempfile
import textwrap
import unittest

from nestprobe import casefiles
from nestprobe.vocabulary import Tensor, case, keras_issue, tensorflow_issue, tf_keras_issue

PAGE = '''
from nestprobe import Tensor, case

@case(parameters=5 * 10 + 10)
def plain_case(k):
    """What a reader would type.

    More about it.
    """
    return k

@case(
    parameters=lambda owner, depth: 10 * depth,
    trainable=lambda owner, depth: 5 * depth,
    inputs=[Tensor((2, 3)), Tensor((2, 4), "int32", below=7)],
    variants={"owner": ("layer", "model"), "depth": (1, 2, 3)},
    sizes={"depth": (1, 2, 4, 8)},
    sources=["https://example.org/1"],
    needs=("tensorflow",),
)
def with_variants(k, owner, depth):
    """Symptom."""
    return k
'''


class Written(unittest.TestCase):
    """A folder for the case files of one test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as stream:
            stream.write(textwrap.dedent(text))
        return path


class VocabularyTest(Written):
    def setUp(self):
        super(VocabularyTest, self).setUp()
        self.plain, self.varied = casefiles.load(self.write("my_theme.py", PAGE))

    def test_names_come_from_the_function_and_its_file(self):
        self.assertEqual((self.plain.id, self.plain.group), ("plain-case", "my-theme"))
        self.assertEqual(os.path.basename(self.plain.file), "my_theme.py")
        self.assertGreater(self.varied.line, self.plain.line)

    def test_the_symptom_is_the_first_line_of_the_docstring(self):
        self.assertEqual(self.plain.symptom, "What a reader would type.")
        self.assertEqual(self.plain.doc, "What a reader would type.\n\nMore about it.")

    def test_what_is_left_out(self):
        self.assertEqual(self.plain.combinations(), [{}])
        self.assertEqual((self.plain.parameters({}), self.plain.trainable({})), (60, 60))
        self.assertEqual((self.plain.inputs.shape, self.plain.inputs.dtype), ((2, 5), "float32"))
        self.assertEqual((self.plain.sources, self.plain.needs), ((), ()))

    def test_variants_are_all_combinations_in_order(self):
        found = [tuple(one.values()) for one in self.varied.combinations()]
        owners = ("layer", "model")
        self.assertEqual(found, [(owner, depth) for owner in owners for depth in (1, 2, 3)])

    def test_counts_may_depend_on_the_variant(self):
        variant = {"owner": "layer", "depth": 3}
        self.assertEqual(self.varied.parameters(variant), 30)
        self.assertEqual(self.varied.trainable(variant), 15)

    def test_inputs_sources_and_needs(self):
        self.assertEqual([one.shape for one in self.varied.inputs], [(2, 3), (2, 4)])
        self.assertEqual((self.varied.inputs[1].dtype, self.varied.inputs[1].below), ("int32", 7))
        self.assertEqual(self.varied.sources, ("https://example.org/1",))
        self.assertEqual(self.varied.needs, ("tensorflow",))

    def test_sizes_are_no_variants(self):
        self.assertEqual((self.varied.growing, self.varied.sizes), ("depth", (1, 2, 4, 8)))
        self.assertEqual((self.plain.growing, self.plain.sizes), (None, ()))
        self.assertEqual(self.varied.variants["depth"], (1, 2, 3))

    def test_sizes_that_cannot_grow_are_refused(self):
        for sizes, word in (
            ({"n": (1, 2), "m": (1, 2)}, "one parameter at a time"),
            ({"m": (1, 2)}, "no parameter of variants"),
            ({"n": ()}, "ascending"),
            ({"n": (2, 1)}, "ascending"),
            ({"n": (1, 1)}, "ascending"),
            ({"n": (0, 1)}, "ascending"),
            ({"n": ("1", "2")}, "ascending"),
        ):
            with self.assertRaises(ValueError) as caught:
                case(parameters=1, variants={"n": ("4",)}, sizes=sizes)
            self.assertIn(word, str(caught.exception))

    def test_a_tensor_tells_what_it_is(self):
        self.assertEqual(repr(Tensor([2, 5])), "Tensor((2, 5), 'float32')")

    def test_links(self):
        for link, repository in (
            (keras_issue(7), "keras-team/keras"),
            (tensorflow_issue(7), "tensorflow/tensorflow"),
            (tf_keras_issue(7), "keras-team/tf-keras"),
        ):
            self.assertEqual(link, "https://github.com/%s/issues/7" % repository)


if __name__ == "__main__":
    unittest.main()
