"""nestprobe: observes nested Keras layers inside an environment, on Python 3.7 to 3.13.

Standard library and the environment's own TensorFlow only. It reports what happened and knows
nothing of what was expected.
"""

from nestprobe.asserting import assert_tracked
from nestprobe.doctor import diagnose
from nestprobe.vocabulary import (
    Case,
    NotApplicable,
    Tensor,
    case,
    keras_issue,
    tensorflow_issue,
    tf_keras_issue,
)

__all__ = [
    "Case",
    "NotApplicable",
    "Tensor",
    "assert_tracked",
    "case",
    "diagnose",
    "keras_issue",
    "tensorflow_issue",
    "tf_keras_issue",
]
