import logging
import unittest
import warnings

from nestprobe.protocol.messages import LONGEST, clean, raised, recorded


class CleanTest(unittest.TestCase):
    def test_nothing_that_differs_between_two_runs(self):
        for text, wanted in (
            ("<Dense at 0x7f3a9c0012d0> failed", "<Dense at 0x...> failed"),
            ("tensor id=140213374 at 140213374123", "tensor id=... at ..."),
            ("No such file: '/tmp/abc/cell-3/model.h5'", "No such file: 'model.h5'"),
            ('File "/a/b-c/d_e.py", line 3', 'File "d_e.py", line 3'),
            ("__autograph_generated_filexyz12.py", "__autograph_generated_file.py"),
            ("\x1b[1mbold\x1b[0m", "bold"),
            ("a \t b", "a b"),
        ):
            self.assertEqual(clean(text), wanted)

    def test_what_only_looks_like_it_stays(self):
        for text in (
            "1/2 of layers/dense/kernel",
            "https://keras.io/api/layers",
            "shape (2, 5) and 0x5",
            "id=12",
        ):
            self.assertEqual(clean(text), text)

    def test_first_line_that_says_anything(self):
        self.assertEqual(clean("\n\n  what \nwhere"), "what")
        self.assertEqual(clean(""), "")
        self.assertEqual(clean(None), "None")

    def test_headlines_give_way_to_what_happened(self):
        text = "Exception encountered when calling Outer.call().\n\nin user code:\n\n  No room.\n  more"
        self.assertEqual(clean(text), "No room.")
        self.assertEqual(clean("in user code:"), "in user code:")

    def test_the_error_after_autographs_traceback(self):
        text = (
            "in user code:\n\n    File training.py, line 878, in train_function  *\n        return f(x)\n\n"
            '    ValueError: Exception encountered when calling layer "outer".\n\n    in user code:\n\n'
            "        File case.py, line 3, in call  *\n\n        TypeError: No room.\n\n    Call arguments:"
        )
        self.assertEqual(clean(text), "TypeError: No room.")
        self.assertEqual(raised(TypeError(text)).message, "No room.")

    def test_a_long_line_is_cut(self):
        self.assertEqual(len(clean("x" * 9999)), LONGEST)


class RaisedTest(unittest.TestCase):
    def test_type_and_first_line(self):
        error = raised(ValueError("first\nsecond"))
        self.assertEqual((error.type, error.message), ("ValueError", "first"))

    def test_a_key_error_tells_its_key_without_quotes(self):
        self.assertEqual(raised(KeyError("first\nsecond")).message, "first")

    def test_a_text_that_cannot_be_made(self):
        class Broken(Exception):
            def __str__(self):
                raise TypeError

        error = raised(Broken())
        self.assertEqual(error.type, "Broken")
        self.assertIn("TypeError", error.message)


class RecordedTest(unittest.TestCase):
    def test_each_warning_once_in_order(self):
        seen = []
        with recorded(seen):
            for _ in range(3):
                warnings.warn("second thoughts", UserWarning, stacklevel=1)
                logging.getLogger("tensorflow").warning("at %s", "0x7f0000000000")
                logging.getLogger("absl").error("bad")
            logging.getLogger("keras").info("no news")
        self.assertEqual(seen, ["UserWarning: second thoughts", "Warning: at 0x...", "Error: bad"])

    def test_what_is_no_news_is_left_out(self):
        seen = []
        with recorded(seen):
            for category in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
                warnings.warn("old", category, stacklevel=1)
        self.assertEqual(seen, [])

    def test_a_log_record_with_wrong_arguments_is_still_told(self):
        seen = []
        with recorded(seen):
            logging.getLogger("tensorflow").warning("%d of them", "many")
        self.assertEqual(seen, ["Warning: %d of them"])

    def test_all_is_as_before_also_where_the_block_raises(self):
        logger = logging.getLogger("tensorflow")
        before = (list(logger.handlers), logger.propagate, warnings.showwarning)
        with self.assertRaises(ZeroDivisionError), recorded([]):
            raise ZeroDivisionError
        self.assertEqual((list(logger.handlers), logger.propagate, warnings.showwarning), before)


if __name__ == "__main__":
    unittest.main()
