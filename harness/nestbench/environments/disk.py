"""What environments take on disk, and what of it they share: uv links the same files into each."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Use", "disk_use"]


@dataclass(frozen=True, kw_only=True)
class Use:
    """Bytes of one environment. ``own``: of files that no other environment asked about has."""

    apparent: int
    own: int


def disk_use(folders: Mapping[str, Path]) -> tuple[dict[str, Use], int]:
    """The use of each environment by name, and the bytes that all of them take together.

    A file is told by its inode: one that is linked into several environments is counted once in all.
    Raises OSError where a folder cannot be read.
    """
    sizes: dict[tuple[int, int], int] = {}
    holders: dict[tuple[int, int], int] = {}
    files = {name: set(_files(folder, sizes)) for name, folder in folders.items()}
    for inodes in files.values():
        for inode in inodes:
            holders[inode] = holders.get(inode, 0) + 1
    uses = {
        name: Use(
            apparent=sum(sizes[inode] for inode in inodes),
            own=sum(sizes[inode] for inode in inodes if holders[inode] == 1),
        )
        for name, inodes in files.items()
    }
    return uses, sum(sizes.values())


def _files(folder: Path, sizes: dict[tuple[int, int], int]) -> Iterable[tuple[int, int]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            found = os.lstat(f"{parent}/{name}")
            inode = (found.st_dev, found.st_ino)
            sizes[inode] = found.st_size
            yield inode
