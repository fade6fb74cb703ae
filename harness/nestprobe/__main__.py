"""``python -m nestprobe``: observe the interpreter it runs in and write a result file.

``serve`` and ``cell`` are how the controller and a fresh child use it; people use ``observe``.
"""

import signal
import sys

if sys.version_info < (3, 7):  # before any import that an older Python could not parse
    sys.stderr.write("nestprobe needs Python 3.7 or later; this is %s\n" % sys.version.split()[0])
    sys.exit(2)

from nestprobe import temporary
from nestprobe.commands import FOR_PROGRAMS, INCOMPLETE, main


def run():
    """The command of an installed nestprobe."""
    arguments = sys.argv[1:]
    if set(arguments[:1]) & set(FOR_PROGRAMS):  # these are given a folder, and end without an exit
        sys.exit(main(arguments))
    temporary.own()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, so that it comes to its exit
    try:
        sys.exit(main(arguments))
    except KeyboardInterrupt:
        sys.stderr.write("nestprobe: Interrupted.\n")
        sys.exit(INCOMPLETE)


if __name__ == "__main__":
    run()
