"""The rules of the doctor: each complete, and found by its id and by its cases."""

import unittest

from nestprobe.doctor import rules


class TheRules(unittest.TestCase):
    def test_have_ids_of_their_own_in_kebab_case(self):
        ids = [one.id for one in rules.RULES]
        self.assertEqual(sorted(set(ids)), sorted(ids))
        for name in ids:
            self.assertRegex(name, r"^[a-z]+(-[a-z]+)*$")

    def test_say_what_they_explain_and_how_to_mend_it(self):
        for one in rules.RULES:
            self.assertTrue(one.title and one.cause.endswith(".") and one.mend, one.id)
            self.assertTrue(set(one.kinds) <= set(rules.KINDS) and one.kinds, one.id)

    def test_put_the_readers_names_into_the_mend(self):
        for one in rules.RULES:
            self.assertNotIn("{attribute}", one.code(attribute="dense", cls="Encoder", name="kernel"), one.id)
        self.assertIn("self.dense = ", rules.rule("dict-bypass").code(attribute="dense"))

    def test_are_found_by_a_case_and_a_kind(self):
        found = [one.id for one in rules.rules_of_case("raw-variable-in-list", "unsaved")]
        self.assertIn("model-own-weights", found)
        self.assertNotIn("same-names", found)


if __name__ == "__main__":
    unittest.main()
