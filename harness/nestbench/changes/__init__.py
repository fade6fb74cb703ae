"""What changes from one stack to the next: behaviours, and the history of a line of releases."""

from nestbench.changes.behaviour import Behaviour, behaviour_of
from nestbench.changes.history import History, Span, history_of

__all__ = ["Behaviour", "History", "Span", "behaviour_of", "history_of"]
