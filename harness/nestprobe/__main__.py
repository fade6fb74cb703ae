"""``python -m nestprobe``: observe the interpreter it runs in and write a result file.

``serve`` and ``cell`` are how the controller and a fresh child use it; people use ``observe``.
"""

import sys

if sys.version_info < (3, 7):  # before any import that an older Python could not parse
    sys.stderr.write("nestprobe needs Python 3.7 or later; this is %s\n" % sys.version.split()[0])
    sys.exit(2)

from nestprobe.commands import main


def run():
    """The command of an installed nestprobe."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
