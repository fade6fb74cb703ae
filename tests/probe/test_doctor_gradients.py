"""Which gradients a program of JAX computes from anything. With a stand-in for the program."""

import unittest
from types import SimpleNamespace

from nestprobe.doctor import gradients


def step(given, results):
    return SimpleNamespace(invars=given, outvars=results)


class Computed(unittest.TestCase):
    def test_what_nothing_goes_into_is_no_gradient(self):
        weight, batch, zero, product, sure = (object() for _ in range(5))
        program = SimpleNamespace(
            invars=[weight],
            constvars=[batch],
            eqns=[step([object()], [zero]), step([batch, zero], [product]), step([weight], [sure])],
            outvars=[zero, product, sure, object()],
        )
        self.assertEqual(gradients.computed(program), [False, True, True, False])


if __name__ == "__main__":
    unittest.main()
