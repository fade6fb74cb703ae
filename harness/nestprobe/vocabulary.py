"""The words a case file is written in: ``case``, ``Tensor``, ``NotApplicable`` and source links.

Imported by case files on Python 3.7 to 3.13 inside an environment and by the controller, so nothing
here may import TensorFlow or Keras, or use syntax newer than Python 3.7.
"""

import collections
import inspect
import itertools
import os
import sys

__all__ = [
    "Case",
    "NotApplicable",
    "Tensor",
    "case",
    "keras_issue",
    "tensorflow_issue",
    "tf_keras_issue",
]


#: What a case may say that it cannot do without.
NEEDS = ("tensorflow",)

#: What a case may be about beside the weights themselves; see ``case``.
ABOUT = ("model-file", "checkpoint", "clone", "summary", "summary-after-fit")


class NotApplicable(Exception):
    """Raised by a case that needs something this stack does not have; its text is the reason."""


class Tensor(object):
    """One literal input of a model.

    ``shape`` includes the batch axis, e.g. ``(2, 5)``: 2 examples of 5 features. ``dtype`` is a
    NumPy name. Floating inputs hold small positive numbers; integer inputs count up from 0 and
    stay below ``below``.
    """

    def __init__(self, shape=(2, 5), dtype="float32", below=4):
        self.shape = tuple(shape)
        self.dtype = dtype
        self.below = below

    def __repr__(self):
        return "Tensor(%r, %r)" % (self.shape, self.dtype)


class Case(object):
    """One idea of the catalogue.

    Attributes:
        id: kebab-case name, unique in a catalogue; the function's name with dashes.
        group: the theme, from the name of the case's file.
        symptom: first line of the docstring: what a reader with the problem would type.
        doc: the whole docstring.
        make: ``make(k, **variant)`` returns the model under observation; ``k`` is a ``Kit``.
        inputs: the ``Tensor`` objects that the model is called with (one, or a list passed as one).
        variants: mapping of parameter name to its values; the case runs once per combination.
        growing, sizes: the parameter that ``nestbench growth`` lets grow, and its values, ascending
            numbers; None and an empty tuple where nothing grows.
        sources: full links to where users met it.
        needs, about: see ``case``.
        file, line: where it is defined.
    """

    def __init__(self, make, parameters, trainable, inputs, variants, sources, needs, about=(), sizes=None):
        self.make = make
        self.id = make.__name__.replace("_", "-")
        self.file = os.path.abspath(make.__code__.co_filename)
        self.line = make.__code__.co_firstlineno
        self.group = os.path.splitext(os.path.basename(self.file))[0].replace("_", "-")
        self.doc = inspect.cleandoc(make.__doc__ or "")
        self.symptom = self.doc.split("\n", 1)[0]
        self.inputs = inputs
        self.variants = collections.OrderedDict(variants)
        self.sources = tuple(sources)
        self.needs = tuple(needs)
        self.about = tuple(about)
        self.growing, self.sizes = None, ()
        for name, values in (sizes or {}).items():
            self.growing, self.sizes = name, tuple(values)
        self._parameters = parameters
        self._trainable = trainable

    def combinations(self):
        """Every variant as an ordered mapping; one empty mapping where the case has no variants."""
        names = list(self.variants)
        return [
            collections.OrderedDict(zip(names, values))
            for values in itertools.product(*self.variants.values())
        ]

    def parameters(self, variant):
        """Number of scalars that the forward pass of this variant reads, by arithmetic."""
        return _resolve(self._parameters, variant)

    def trainable(self, variant):
        """Number of those scalars that one optimizer step is meant to change, by arithmetic."""
        if self._trainable is None:
            return self.parameters(variant)
        return _resolve(self._trainable, variant)


def _resolve(count, variant):
    return count(**variant) if callable(count) else count


def case(parameters, trainable=None, inputs=None, variants=None, sources=(), needs=(), about=(), sizes=None):
    """Declare the decorated function a case.

    ``parameters``: how many scalars the forward pass reads (floating-point variables only, whether
    Keras counts them or not), as arithmetic that a reader can follow, e.g. ``5 * 10 + 10``. Where
    it depends on the variant, a function of the variant's parameters. ``trainable``: how many of
    them the author means to be trained; all of them where left out. ``inputs``: a ``Tensor`` or a
    list of them (then the model is called with the list); ``Tensor((2, 5))`` where left out.
    ``variants``: ``{"owner": ("layer", "model")}``; each name is a parameter of the function.
    ``needs``: what the case cannot do without, e.g. ``("tensorflow",)`` for a raw ``tf.Variable``.
    ``about``: where the symptom shows beside counting, training and the weights file, e.g.
    ``("checkpoint",)``: what goes wrong there then decides the verdict and is no mere note.
    ``sizes``: ``{"n": (1, 2, 4, 8)}``: one parameter of ``variants`` and the sizes at which
    ``nestbench growth`` looks how the cost of building grows, doubled rather than counted up. The whole
    protocol runs on the ``variants`` alone.
    """
    _check_sizes(sizes or {}, variants or {})
    for word, given, known in (("needs", needs, NEEDS), ("about", about, ABOUT)):
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise ValueError("case(%s=...) names %s; known: %s" % (word, unknown, list(known)))

    def declare(make):
        declared = Case(
            make, parameters, trainable, inputs or Tensor(), variants or {}, sources, needs, about, sizes
        )
        # The module keeps its own list: a file is a catalogue page, read without importing others.
        sys.modules[make.__module__].__dict__.setdefault("__cases__", []).append(declared)
        return declared

    return declare


def _check_sizes(sizes, variants):
    """Raise ValueError unless they are ascending positive numbers of one parameter of ``variants``."""
    if len(sizes) > 1:
        raise ValueError("case(sizes=...) lets %s grow: one parameter at a time" % ", ".join(sizes))
    for name, values in sizes.items():
        if name not in variants:
            raise ValueError("case(sizes=...) names %r, which is no parameter of variants" % name)
        whole = all(isinstance(one, int) and one > 0 for one in values)
        if not values or not whole or sorted(set(values)) != list(values):
            raise ValueError("case(sizes=...): the sizes of %s must be ascending numbers from 1 on" % name)


def keras_issue(number):
    """Link to an issue or pull request of keras-team/keras."""
    return "https://github.com/keras-team/keras/issues/%d" % number


def tensorflow_issue(number):
    """Link to an issue or pull request of tensorflow/tensorflow."""
    return "https://github.com/tensorflow/tensorflow/issues/%d" % number


def tf_keras_issue(number):
    """Link to an issue or pull request of keras-team/tf-keras."""
    return "https://github.com/keras-team/tf-keras/issues/%d" % number
