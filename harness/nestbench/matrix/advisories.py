"""Which stacks hold a release with known vulnerabilities, by their locks and by advisories.toml."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import ConfigDict, TypeAdapter

from nestbench.matrix.locks import lock_path, pins, read_lock
from nestbench.matrix.stack import Address, Day, Name, Stack, VersionText

__all__ = ["Advisory", "Listed", "Vulnerable", "listed", "vulnerable", "words"]

_FILE = Path(__file__).with_name("advisories.toml")


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """One that names releases of a package; see the head of advisories.toml."""

    id: str
    package: Name
    affected: tuple[str, ...]
    fixed: VersionText
    source: Address

    def names(self, version: str) -> bool:
        """Whether it names that release."""
        return any(SpecifierSet(one).contains(version, prereleases=True) for one in self.affected)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """All of them. ``packages``: those that were looked up, which may have none."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    schema: int
    as_of: Day
    packages: tuple[Name, ...]
    advisory: tuple[Advisory, ...]

    def of(self, package: str, version: str) -> tuple[Advisory, ...]:
        """Those that name that release."""
        return tuple(one for one in self.advisory if one.package == package and one.names(version))


@dataclass(frozen=True, kw_only=True)
class Vulnerable:
    """A release with known vulnerabilities. ``fixed``: the first later one that no advisory names."""

    package: str
    version: str
    advisories: tuple[Advisory, ...]
    fixed: str


@cache
def listed() -> Listed:
    """What advisories.toml lists."""
    return TypeAdapter(Listed).validate_python(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def vulnerable(stack: Stack) -> tuple[Vulnerable, ...] | None:
    """The releases in the stack's lock that advisories name; None where it has no lock."""
    if not lock_path(stack).exists():
        return None
    known, found = listed(), []
    for name, version in sorted(pins(read_lock(stack)).items()):
        package = "tensorflow" if name == stack.wheel else name
        if advisories := known.of(package, version):
            fixed = _fixed(package, advisories)
            found.append(Vulnerable(package=package, version=version, advisories=advisories, fixed=fixed))
    return tuple(found)


def words(found: Sequence[Vulnerable] | None) -> str:
    """``yes, fixed from keras 3.15.1``, or that none is listed; never that there is none."""
    if found is None:
        return "not looked up: it has no lock"
    if not found:
        return f"none listed as of {listed().as_of}"
    return "yes, fixed from " + ", ".join(f"{one.package} {one.fixed}" for one in found)


def _fixed(package: str, advisories: Sequence[Advisory]) -> str:
    """The release that mends them, or mends what is known of that one in turn."""
    fixed = max((one.fixed for one in advisories), key=Version)
    later = listed().of(package, fixed)
    return _fixed(package, later) if later else fixed
