"""A package index on this machine with a few tiny wheels, that can be made to fail."""

import base64
import contextlib
import hashlib
import io
import json
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Fails", "Index", "serving", "stocked"]

_SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
#: Run by Python when it starts: before the staged probe comes what stands in for it.
_FIRST = f"import sys; sys.path.insert(0, sys.prefix + '/{_SITE}/standin')\n"
_SLOW_SECONDS = 30


class Fails(StrEnum):
    """How the index fails."""

    NOT = "not at all"
    ERROR = "answers with an error"
    SLOW = "does not answer"
    OTHER_FILE = "serves another file"
    CUT = "cuts the files"
    PAGE = "serves a page of a hotel"


class Index:
    """What is served, and may be changed at any time: ``fails``, ``wheels``, starts of ``yanked`` names."""

    def __init__(self) -> None:
        self.fails = Fails.NOT
        self.yanked: set[str] = set()
        self.url = ""
        self.wheels: dict[str, tuple[bytes, str]] = {}  # file name -> content, time of its upload

    def add(
        self,
        name: str,
        version: str,
        requires: Sequence[str] = (),
        *,
        uploaded: str = "2020-06-01",
        files: Mapping[str, str] | None = None,
    ) -> None:
        """A wheel of one module that knows its version, and of ``files`` beside it."""
        content = _wheel(name, version, {**_module(name, version), **(files or {})}, requires)
        self.wheels[f"{name}-{version}-py3-none-any.whl"] = content, f"{uploaded}T00:00:00Z"

    def page(self, project: str) -> bytes:
        """The files of a project."""
        files = [
            {
                "filename": name,
                "url": f"../../files/{name}",
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "upload-time": uploaded,
                "yanked": name.startswith(tuple(self.yanked)),
            }
            for name, (content, uploaded) in self.wheels.items()
            if name.startswith(f"{project}-")
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files}).encode()

    def file(self, name: str) -> bytes:
        """A wheel, or what is served in its place."""
        content, _ = self.wheels[name]
        if self.fails is Fails.OTHER_FILE:
            package, version = name.split("-")[:2]
            return _wheel(package, version, _module(package, "6.6"))
        return content[: len(content) // 2] if self.fails is Fails.CUT else content


def stocked() -> Index:
    """An index with what the tiny stack needs: a package that stands in for the probe, and one it needs."""
    index = Index()
    probe = Path(__file__).with_name("standin.py").read_text(encoding="utf-8")
    standin = {"standin/nestprobe/__init__.py": "", "standin/nestprobe/__main__.py": probe}
    index.add("tinyflow", "2.0", ["tinydep>=1"], files={**standin, "tinyflow.pth": _FIRST})
    index.add("tinydep", "1.1")
    return index


@contextlib.contextmanager
def serving(index: Index) -> Iterator[None]:
    """The index at ``index.url`` as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, name = self.path.strip("/").split("/")[:2]
            if index.fails is Fails.SLOW:
                time.sleep(_SLOW_SECONDS)
            if index.fails is Fails.ERROR:
                self.send_error(503)
            elif index.fails is Fails.PAGE:
                self._answer("text/html", b"<html>Please agree to our terms.</html>")
            elif kind == "simple":
                self._answer("application/vnd.pypi.simple.v1+json", index.page(name))
            else:
                self._answer("application/octet-stream", index.file(name))

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client was killed, or had enough
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        index.url = f"http://127.0.0.1:{server.server_port}/simple"
        yield
        server.shutdown()


def _module(name: str, version: str) -> dict[str, str]:
    return {f"{name}/__init__.py": f"__version__ = {version!r}\n"}


def _wheel(name: str, version: str, files: Mapping[str, str], requires: Sequence[str] = ()) -> bytes:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        **files,
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {one}\n" for one in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD,,\n"
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return buffer.getvalue()
