"""A package index of a few tiny wheels on this machine, so that real uv and tox work offline."""

import base64
import contextlib
import hashlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nestbench.matrix import Stack, load_matrix

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

ROW = f"""\
schema = 1
tools = ["tinytest"]

[[stack]]
id = "tiny"
tensorflow = "2.0"
wheel = "tinyflow"
keras = "2.2.4-tf"
flavour = "tf.keras"
python = "{PYTHON}"
platform = "linux-x86_64"
device = "cpu"
uploaded = 2021-01-01
resolved = 2021-01-15
"""


def wheel(name: str, version: str, requires: tuple[str, ...] = ()) -> bytes:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{name}/__init__.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD,,\n"
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return buffer.getvalue()


@dataclass
class Index:
    """What the index serves; ``hold`` keeps its files back while it is cleared."""

    url: str = ""
    wheels: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    hold: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    yanked: set[str] = field(default_factory=set)  # starts of file names

    def add(
        self, name: str, version: str, requires: tuple[str, ...] = (), uploaded: str = "2020-06-01"
    ) -> None:
        content = wheel(name, version, requires)
        self.wheels[f"{name}-{version}-py3-none-any.whl"] = (content, f"{uploaded}T00:00:00Z")

    def page(self, project: str) -> bytes:
        files = [
            {
                "filename": filename,
                "url": f"../../files/{filename}",
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "upload-time": uploaded,
                "yanked": filename.startswith(tuple(self.yanked)),
            }
            for filename, (content, uploaded) in self.wheels.items()
            if filename.startswith(f"{project}-")
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files}).encode()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    served = Index()
    served.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            part = self.path.strip("/").split("/")
            if part[0] == "simple":
                self.answer("application/vnd.pypi.simple.v1+json", served.page(part[1]))
                return
            if self.command == "GET":
                served.asked.set()
                served.hold.wait(60)
            self.answer("application/octet-stream", served.wheels[part[1]][0])

        def answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *arguments: object) -> None:
            pass

        def handle(self) -> None:
            # The client was killed, as a test wants it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                super().handle()

    served.add("tinyflow", "2.0", ("tinydep>=1",))
    served.add("tinydep", "1.0")
    served.add("tinydep", "1.1")
    served.add("tinytest", "0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_port}/simple"
        for name in ("UV_INDEX_URL", "PIP_INDEX_URL", "UV_OFFLINE", "NESTBENCH_NO_DOWNLOAD"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        yield served
        served.hold.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def row() -> str:
    """The text of a matrix file with one good row."""
    return ROW


@pytest.fixture
def tiny(tmp_path: Path) -> Stack:
    """A stack of the tiny wheels, in a matrix file of its own; not locked yet."""
    file = tmp_path / "matrix" / "stacks.toml"
    file.parent.mkdir()
    file.write_text(ROW)
    return load_matrix(file).get("tiny")
