"""``python -m nestprobe``: observe the interpreter it runs in and write a result file.

``serve`` and ``cell`` are how the controller and a fresh child use it; people use ``observe``.
"""

import sys

if sys.version_info < (3, 7):  # before any import that an older Python could not parse
    sys.stderr.write("nestprobe needs Python 3.7 or later; this is %s\n" % sys.version.split()[0])
    sys.exit(2)

from nestprobe import temporary
from nestprobe.commands import FOR_PROGRAMS, main


def run():
    """The command of an installed nestprobe."""
    arguments = sys.argv[1:]
    if not set(arguments[:1]) & set(FOR_PROGRAMS):  # these are given a folder, and end without an exit
        temporary.own()
    sys.exit(main(arguments))


if __name__ == "__main__":
    run()
