"""A headless Chromium, and the site of the published results. Without either, tests are skipped by name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALL_SECONDS = 180


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """Path of a Chromium: as NESTBENCH_CHROMIUM says, on PATH, or playwright's own, fetched where it can be.

    None where playwright's is there and knows its path itself.
    """
    named = os.environ.get("NESTBENCH_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    try:
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"],
            check=True, capture_output=True, timeout=INSTALL_SECONDS,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(
            "no Chromium: none on PATH, and `playwright install chromium` failed "
            f"({type(error).__name__}); apt-get install chromium, or name one in NESTBENCH_CHROMIUM"
        )
    return None


@pytest.fixture(scope="session")
def browser(chromium):
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: tox run -e site")
    with api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        except api.Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site of the results of this checkout; NESTBENCH_SITE names one that is made already."""
    if made := os.environ.get("NESTBENCH_SITE"):
        return Path(made)
    if not PUBLISHED.is_dir():
        pytest.skip("no results/published: the tests run outside of a checkout")
    from nestbench.catalogue import load_catalogue
    from nestbench.claims import load_claims
    from nestbench.matrix import load_matrix
    from nestbench.site import Folder, Source, build
    from nestbench.store import Store

    catalogue = load_catalogue()
    source = Source(
        store=Store(PUBLISHED), catalogue=catalogue, matrix=load_matrix(), claims=load_claims(catalogue)
    )
    return build(source, Folder(root=tmp_path_factory.mktemp("site") / "site")).index.parent


class Visit:
    """A page in a tab of its own; errors of scripts and requests to elsewhere fail the test at its end."""

    def __init__(self, context, site):
        self.context, self.site = context, site
        self.page = context.new_page()
        self.faults = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("request", self._asked)

    def _asked(self, request):
        if not request.url.startswith(("file://", "data:")):
            self.faults.append(f"asked for {request.url}")

    def open(self, address):
        self.page.goto(f"{self.site.as_uri()}/{address}")
        return self.page


@pytest.fixture
def visit(browser, site):
    """A function that opens a page: ``visit("index.html", width=390)``."""
    opened = []

    def open_page(address, *, of=None, width=1600, **options):
        context = browser.new_context(viewport={"width": width, "height": 1000}, **options)
        opened.append(Visit(context, of or site))
        return opened[-1].open(address)

    yield open_page
    faults = [fault for one in opened for fault in one.faults]
    for one in opened:
        one.context.close()
    assert faults == []
