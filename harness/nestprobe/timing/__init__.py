"""Times cases with pytest-benchmark inside an environment: one launch a call, a process for each cell.

And counts and times them over their sizes (``growing``), where a plain clock is enough.
Apart from ``protocol``: what is observed there is the same in every run, what is timed here never is.
"""
