"""What an observation means: pure rules from what was measured and what the author expects.

Two entries are judged. ``call`` is the full protocol: the model is called, trained, saved and
reloaded. ``build`` is what ``model.build(shape)`` alone leaves, held against the same oracle.

The rules, in words:

- The oracle is the number of scalars in the floating variables that the forward pass was seen to
  read. Integer, boolean and random state is state, not parameters. Where the oracle differs from
  the case's arithmetic the case is wrong, and nothing else that was found can be trusted.
- Silent loss outranks an error, an error outranks overcounting. That holds for a crash too: a loss
  that was measured before the process died stays proven. What was not measured proves nothing.
- A model is ``unsaved`` where a variable that it uses is not in the weights file, or is in it and
  does not come back into a fresh instance, or where that instance then computes something else.
  The weights file decides: it is the way of saving that every release has. What becomes of the
  model file, the TF checkpoint and the clone stands in the notes and changes no verdict.
- The oracle is of one pass, in inference or in training, whichever reads more.
- An entry whose oracle is unknown, because the call failed, is judged by the failure alone.
"""

from nestbench.verdicts.judging import judge, unmeasured
from nestbench.verdicts.variables import is_parameter, size
from nestbench.verdicts.verdict import Entry, Judgement, Verdict

__all__ = ["Entry", "Judgement", "Verdict", "is_parameter", "judge", "size", "unmeasured"]
