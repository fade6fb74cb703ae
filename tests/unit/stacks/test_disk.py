"""Disk use: a file that is linked into two environments is there once."""

import os

from nestbench.environments.disk import Use, disk_use


def test_linked_files_are_counted_once(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one / "lib", two / "lib"):
        folder.mkdir(parents=True)
    (one / "lib" / "shared.so").write_bytes(b"x" * 1000)
    os.link(one / "lib" / "shared.so", two / "lib" / "shared.so")
    (two / "lib" / "own.py").write_bytes(b"y" * 30)
    (two / "lib" / "copy.so").write_bytes(b"x" * 1000)
    uses, total = disk_use({"one": one, "two": two})
    assert uses == {"one": Use(apparent=1000, own=0), "two": Use(apparent=2030, own=1030)}
    assert total == 2030
    assert disk_use({"none": tmp_path / "none"}) == ({"none": Use(apparent=0, own=0)}, 0)
