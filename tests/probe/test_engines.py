import unittest

from nestprobe import backend
from nestprobe.kit import Kit
from nestprobe.protocol import engines


class Keras:
    """Stands for a Keras whose backend has what is named."""

    def __init__(self, *names):
        self.backend = type("backend", (), dict.fromkeys(names))


class WhichEngine(unittest.TestCase):
    def test_a_backend_without_one_is_told(self):
        with self.assertRaises(ImportError) as caught:
            engines.load("theano")
        self.assertIn("theano", str(caught.exception))
        self.assertIn("tensorflow", str(caught.exception))

    def test_a_keras_with_an_eager_call_is_left_to_its_backends_engine(self):
        engine = object()
        self.assertEqual(backend.suited(engine, Keras("clear_session")), (engine, Kit))
