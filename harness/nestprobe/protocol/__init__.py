"""What is done to one case variant, phase by phase, and what is read in each.

Everything here (with ``kit``, ``vocabulary`` and ``observation``) decides what an observation says, so
its digest is part of every stored result. How the process around it is made lives outside.
"""
