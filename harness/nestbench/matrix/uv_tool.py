"""uv as nestbench calls it: its binary, and surroundings that do not change its answer."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from nestbench.errors import GroundError

DEFAULT_INDEX = "https://pypi.org/simple"

# What a user may set for uv without changing what a lock or an installation contains: where the
# index and the cache are and how to reach them. Everything else that begins with UV_ is dropped.
_KEPT = frozenset(
    {
        "UV_CACHE_DIR",
        "UV_CONCURRENT_BUILDS",
        "UV_CONCURRENT_DOWNLOADS",
        "UV_CONCURRENT_INSTALLS",
        "UV_DEFAULT_INDEX",
        "UV_HTTP_RETRIES",
        "UV_HTTP_TIMEOUT",
        "UV_INDEX_URL",
        "UV_INSECURE_HOST",
        "UV_KEYRING_PROVIDER",
        "UV_LINK_MODE",
        "UV_NATIVE_TLS",
        "UV_OFFLINE",
        "UV_PYTHON_INSTALL_DIR",
        "UV_PYTHON_INSTALL_MIRROR",
        "UV_REQUEST_TIMEOUT",
        "UV_SYSTEM_CERTS",
    }
)
# Of the project, virtual environment or tox run that nestbench was started from.
_FOREIGN = ("PYTHON", "PIP_", "TOX_", "VIRTUALENV_", "CONDA_", "UV_")


def find_uv() -> str:
    """Path of the uv binary that came with nestbench.

    Raises:
        GroundError: the package is there without its binary, or not at all.
    """
    try:
        import uv  # here, so that a broken installation of uv becomes a message

        return os.fspath(uv.find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise GroundError(
            "The uv program that nestbench depends on is not there.",
            why=f"the installation of nestbench is incomplete ({error})",
            do="Install nestbench again with its dependencies: in its clone, `pip install -e .`.",
        ) from error


def uv_environ(temporary: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables for uv and for tox, without what would change what they install.

    ``temporary``: an existing folder that goes afterwards. uv leaves a lock file among the temporary files
    for each interpreter and for each package that it built.
    """
    given = os.environ if environ is None else environ
    kept = {
        name: value
        for name, value in given.items()
        if name in _KEPT
        or _is_index_credential(name)
        or not (name.startswith(_FOREIGN) or name == "VIRTUAL_ENV")
    }
    if "UV_DEFAULT_INDEX" not in kept and "UV_INDEX_URL" not in kept and given.get("PIP_INDEX_URL"):
        kept["UV_DEFAULT_INDEX"] = given["PIP_INDEX_URL"]
    # Environments of different stacks share most of their bytes through uv's cache.
    kept.setdefault("UV_LINK_MODE", "hardlink")
    return {
        **kept, "UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "TMPDIR": str(temporary),
    }  # fmt: skip


def find_links(page: str | None, environ: Mapping[str, str] | None = None) -> list[str]:
    """Options by which uv finds wheels that no index has; none where a row names no ``page`` of them.

    Folders that the user names in UV_FIND_LINKS or PIP_FIND_LINKS take the page's place: they hold
    the same files, as the lock's hashes prove, also where the page cannot be reached.
    """
    if page is None:
        return []
    given = os.environ if environ is None else environ
    mine = given.get("UV_FIND_LINKS", "").replace(",", " ") or given.get("PIP_FIND_LINKS", "")
    return [word for place in mine.split() or [page] for word in ("--find-links", place)]


def _is_index_credential(name: str) -> bool:
    return name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD"))


def index_url(environ: Mapping[str, str] | None = None) -> str:
    """The package index in use, without a slash at its end; may contain credentials."""
    given = os.environ if environ is None else environ
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if given.get(name):
            return given[name].rstrip("/")
    return DEFAULT_INDEX


def without_credentials(url: str) -> str:
    """The URL as it may be shown in a message."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
