"""``python -m nestbench`` and the ``nestbench`` command."""

from nestbench.cli import main

if __name__ == "__main__":
    main()
