"""One case variant on one stack, told again as a short script that needs no nestbench.

``folding`` makes a function of a case one of a variant, ``program`` takes it out of its file with what
it needs, ``words`` says in Keras what the kit said, ``signals`` are what can show a verdict,
``demonstration`` the lines that do, ``script`` puts all of it below a header that uv understands.
"""

from nestbench.witness.script import LINES, Witness, make_witness
from nestbench.witness.untold import Untold

__all__ = ["LINES", "Untold", "Witness", "make_witness"]
