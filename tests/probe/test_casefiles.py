import os
import sys
import tempfile
import unittest

from nestprobe import casefiles


class CaseFilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as stream:
            stream.write(text)
        return path

    def test_finds_python_files_sorted_and_without_private_ones(self):
        for name in ("b.py", "a.py", "_shared.py", "notes.txt"):
            self.write(name, "")
        found = casefiles.find(self.folder)
        self.assertEqual([os.path.basename(path) for path in found], ["a.py", "b.py"])
        self.assertTrue(all(os.path.isabs(path) for path in found))

    def test_a_folder_that_is_not_there_has_none(self):
        self.assertEqual(casefiles.find(os.path.join(self.folder, "none")), [])

    def test_classes_of_a_case_are_told_by_their_module(self):
        path = self.write(
            "theme.py",
            "from nestprobe import case\n\nclass Made(object):\n    pass\n\n"
            "@case(parameters=1)\ndef one(k):\n    return Made()\n",
        )
        (case,) = casefiles.load(path)
        made = case.make(None)
        self.assertEqual(type(made).__module__, casefiles.MODULE_PREFIX + "theme")

    def test_nothing_is_left_beside_a_file(self):
        path = self.write("mine.py", "from nestprobe import case\n")
        writes, sys.dont_write_bytecode = sys.dont_write_bytecode, False
        self.addCleanup(setattr, sys, "dont_write_bytecode", writes)
        casefiles.load(path)
        self.assertEqual(os.listdir(self.folder), ["mine.py"])

    def test_loading_twice_does_not_double_the_cases(self):
        path = self.write(
            "again.py", "from nestprobe import case\n\n@case(parameters=1)\ndef one(k):\n    return k\n"
        )
        self.assertEqual(len(casefiles.load(path)), 1)
        self.assertEqual(len(casefiles.load(path)), 1)

    def test_a_file_without_cases_has_none(self):
        self.assertEqual(casefiles.load(self.write("empty.py", "")), [])

    def test_what_a_file_raises_is_raised_and_nothing_is_left_of_it(self):
        path = self.write("broken.py", "raise SystemExit(3)\n")
        with self.assertRaises(SystemExit):
            casefiles.load(path)
        self.assertNotIn(casefiles.MODULE_PREFIX + "broken", sys.modules)


if __name__ == "__main__":
    unittest.main()
