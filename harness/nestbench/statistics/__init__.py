"""Statistics of paired measurements and of growth: pure functions, no I/O, no clock.

Importing it imports scipy, about a second: a command imports it where it needs it.
"""
