"""What a rule is: one cause by which a nested layer loses a variable."""

from dataclasses import dataclass
from typing import Tuple

#: What can be wrong with a variable, a layer or a model, the worst first.
KINDS = (
    "uncounted",  # the forward pass reads it, model.weights does not list it
    "untrained",  # meant to be trained, and an optimizer step passes it by
    "overtrained",  # meant to stay frozen, and an optimizer step changes it
    "unsaved",  # used, and not in the weights file
    "unrestored",  # in the weights file, and does not come back
    "raises",  # an exception: trouble, but loud
    "overcounted",  # counted, and never read
    "unbuilt",  # a layer that the forward pass never reaches
    "build-alone",  # what build(shape) leaves without variables until the first call
    "uncheckpointed",  # whole in the weights file, and lost from a TF checkpoint
)

#: What is not tracked is lost in each of these ways.
LOST = ("uncounted", "untrained", "unsaved", "unrestored")


@dataclass(frozen=True)
class Rule:
    """One cause.

    ``title``: a line. ``cause``: what Keras does, and why that loses something. ``mend``: code, in which
    ``{attribute}``, ``{cls}``, ``{name}`` and ``{place}`` stand for names of the reader's model; see
    ``code``. ``kinds``: what it explains. ``cases``: ids of the catalogue's cases that show it.
    ``decisive``: those of them that show nothing else, by which versions are told; all where left out.
    ``gives_way``: ids of rules by which the same is lost anyway where they are shown: there this one's
    mend alone mends nothing. ``keras``: the generation, ``2`` or ``3``, in which alone it is what a case
    shows; either where left out.
    """

    id: str
    title: str
    cause: str
    mend: str
    kinds: Tuple[str, ...]
    cases: Tuple[str, ...]
    decisive: Tuple[str, ...] = ()
    gives_way: Tuple[str, ...] = ()
    keras: str = ""

    def code(
        self, attribute: str = "part", cls: str = "Outer", name: str = "kernel", place: str = "model.part"
    ) -> str:
        """The mend with an attribute, its class, a weight and the way to it of the reader's own in it."""
        text = self.mend
        for word, value in (("attribute", attribute), ("cls", cls), ("name", name), ("place", place)):
            text = text.replace("{%s}" % word, value)
        return text
