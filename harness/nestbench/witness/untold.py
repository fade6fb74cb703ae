"""Why a case variant cannot be told as a short script."""

__all__ = ["Untold"]


class Untold(Exception):  # noqa: N818 - not an error: the answer to whether it can be told
    """Its text is the reason, as the rest of a sentence that begins with the case."""
