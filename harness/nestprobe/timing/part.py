"""The words of growth: the parts that are counted and timed at each size, and what becomes of one."""

CONSTRUCT, BUILD, FIRST_CALL = PARTS = ("construct", "build", "first-call")
#: What one process does, by name: the parts that it answers for.
COUNT, TIME_BUILD, TIME_CALL = "count", "time-build", "time-call"
WORKS = {COUNT: PARTS, TIME_BUILD: (CONSTRUCT, BUILD), TIME_CALL: (FIRST_CALL,)}


class Kind:
    """What became of one part at one size."""

    MEASURED = "measured"
    RAISES = "raises"
    OVER = "over-the-limit"
    NOT_TRIED = "not-tried"  # something before it did not come to its end
    NOT_APPLICABLE = "not-applicable"
    NOT_LOADED = "not-loaded"  # the case file does not import on this stack
    CRASHED = "crashed"
    EXITED = "exited"
    OUT_OF_MEMORY = "out-of-memory"
