"""What the package index has that the matrix lacks."""

import base64
import json
import re
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from nestbench.errors import GroundError
from nestbench.matrix.stack import Backend, Device, Matrix, Stack
from nestbench.matrix.uv_tool import index_url, without_credentials

_JSON = "application/vnd.pypi.simple.v1+json"
_LINUX = re.compile(r"(manylinux.*_|linux_)x86_64")
_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Releases that the matrix follows: by which projects they come, and in which rows they stand."""

    projects: tuple[str, ...]  # the first that has a release is the one to test
    oldest: Version
    version_of: Callable[[Stack], str | None]  # of a row; None where it belongs to another line


def _of(distribution: str) -> Callable[[Stack], str | None]:
    return lambda stack: (
        stack.keras if stack.distribution == distribution and stack.backend is Backend.TENSORFLOW else None
    )


_LINES = (
    _Line(
        projects=("tensorflow-cpu", "tensorflow"),
        oldest=Version("2.0"),
        version_of=lambda stack: None if stack.distribution else stack.tensorflow,
    ),
    _Line(projects=("keras",), oldest=Version("3.0"), version_of=_of("keras")),
    _Line(projects=("tf-keras",), oldest=Version("2.14"), version_of=_of("tf-keras")),
)


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of TensorFlow, Keras or tf-keras on the index.

    ``pythons``: minors of CPython that it has a wheel for, or what it says of them where one wheel
    serves all. ``replaces`` is the id of the row of the same minor, where the release is a later patch of it.
    """

    version: str
    wheel: str
    uploaded: date | None
    pythons: tuple[str, ...]
    replaces: str | None = None


def missing_releases(matrix: Matrix, *, environ: Mapping[str, str] | None = None) -> tuple[Release, ...]:
    """Minors that have no row and last patches that are newer than their row, oldest first.

    Only final releases that were not yanked and have a wheel for Linux on x86_64 count.

    Raises:
        GroundError: the index cannot be reached or does not answer as PEP 691 says.
    """
    url = index_url(environ)
    return tuple(release for line in _LINES for release in _missing(line, url, matrix))


def releases_of(
    project: str, oldest: str, *, environ: Mapping[str, str] | None = None
) -> tuple[Release, ...]:
    """The final releases of a project from version ``oldest`` on that a row could use, oldest first.

    Raises:
        GroundError: the index cannot be reached or does not answer as PEP 691 says.
    """
    found = _releases(project, Version(oldest), _project_files(index_url(environ), project))
    return tuple(sorted(found, key=lambda release: Version(release.version)))


def _missing(line: _Line, url: str, matrix: Matrix) -> Iterable[Release]:
    newest: dict[tuple[int, int], Release] = {}
    for project in line.projects:
        for release in _releases(project, line.oldest, _project_files(url, project)):
            minor = _minor(release.version)
            if minor not in newest or Version(release.version) > Version(newest[minor].version):
                newest[minor] = release
    return _lacking(newest.values(), line, matrix)


def _lacking(releases: Iterable[Release], line: _Line, matrix: Matrix) -> tuple[Release, ...]:
    rows: dict[tuple[int, int], tuple[Version, str]] = {}
    for stack in matrix.stacks:
        version = line.version_of(stack)
        if version is None or stack.device is not Device.CPU:  # a row on a GPU follows that on the CPU
            continue
        row = (Version(version), stack.id)
        minor = _minor(version)
        rows[minor] = max(row, rows.get(minor, row), key=lambda pair: pair[0])
    lacking = []
    for release in sorted(releases, key=lambda r: Version(r.version)):
        tested, stack_id = rows.get(_minor(release.version), (None, None))
        if tested is None or Version(release.version) > tested:
            lacking.append(
                Release(
                    version=release.version,
                    wheel=release.wheel,
                    uploaded=release.uploaded,
                    pythons=release.pythons,
                    replaces=stack_id,
                )
            )
    return tuple(lacking)


def _minor(version: str) -> tuple[int, int]:
    parsed = Version(version)
    return parsed.major, parsed.minor


def _releases(project: str, oldest: Version, files: Iterable[Mapping[str, Any]]) -> Iterable[Release]:
    pythons: dict[Version, set[str]] = {}
    uploaded: dict[Version, str] = {}
    for file in files:
        if file.get("yanked"):
            continue
        try:
            _, version, _, tags = parse_wheel_filename(file["filename"])
        except InvalidWheelFilename:
            continue  # an sdist or another format
        if version.is_prerelease or version < oldest:
            continue
        fitting = {
            f"3.{tag.interpreter.removeprefix('cp3')}"
            for tag in tags
            if tag.interpreter.startswith("cp3") and _LINUX.fullmatch(tag.platform)
        }
        if any(tag.interpreter == "py3" and tag.platform == "any" for tag in tags):
            fitting = {file.get("requires-python") or "any"}
        if fitting:
            pythons.setdefault(version, set()).update(fitting)
            uploaded[version] = max(uploaded.get(version, ""), file.get("upload-time") or "")
    for version, found in pythons.items():
        day = uploaded[version][:10]
        yield Release(
            version=str(version),
            wheel=project,
            uploaded=date.fromisoformat(day) if day else None,
            pythons=tuple(sorted(found, key=lambda minor: [int(n) for n in re.findall(r"\d+", minor)])),
        )


def _project_files(index: str, project: str) -> list[dict[str, Any]]:
    shown = without_credentials(index)
    request = urllib.request.Request(f"{shown}/{project}/", headers=_headers(index))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            kind = answer.headers.get_content_type()
            body = answer.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise GroundError(
            f"The package index {shown} could not be asked for {project}: {reason}.",
            why="no network, a proxy in between, or a wrong index address",
            do="Check the connection and UV_DEFAULT_INDEX, UV_INDEX_URL and PIP_INDEX_URL.",
        ) from error
    try:
        files = list(json.loads(body)["files"]) if kind == _JSON else None
    except (ValueError, KeyError, TypeError):
        files = None
    if files is None:
        raise GroundError(
            f"The package index {shown} does not list {project} as JSON; its answer is {kind}.",
            why="the mirror offers only the older HTML form of the index (PEP 503, not PEP 691)",
            do="Ask another index: `UV_DEFAULT_INDEX=https://pypi.org/simple`.",
        )
    return files


def _headers(index: str) -> dict[str, str]:
    parts = urlsplit(index)
    headers = {"Accept": _JSON}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers
