"""Opens a published page in a headless browser and reads what it has become there."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from benchmarks.history.pages import PageError

BROWSERS: Final = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "chrome"),
)

_GRAPH: Final = re.compile(
    r'id="main-graph".*?<canvas class="flot-base".*?id="overview"', re.DOTALL
)
_LABEL: Final = re.compile(r'class="flot-tick-label[^>]*>([^<]*)<')


def find_browser() -> str | None:
    """The first headless-capable browser of this machine, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def graph_scales(browser: str, pages: Path, benchmarks: Sequence[str]) -> dict[str, list[str]]:
    """For each benchmark, the labels of its graph's scale on the published page: none where asv's
    script drew no graph, since a library failed or there is nothing to draw."""
    with tempfile.TemporaryDirectory() as folder, _served(pages) as address:
        return {
            name: scale_of(_page(browser, f"{address}/index.html#{quote(name)}", Path(folder)))
            for name in benchmarks
        }


def scale_of(page: str) -> list[str]:
    """The labels of the graph's scale in a page, which was dumped after its scripts had run."""
    graph = _GRAPH.search(page)
    return _LABEL.findall(graph[0]) if graph else []


def _page(browser: str, url: str, profile: Path) -> str:
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={profile}", "--virtual-time-budget=30000", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "</html>" not in done.stdout:
        raise PageError(f"{browser} did not finish {url}:\n{done.stderr[-2000:]}")
    return done.stdout


class _Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the published folder, and tells nobody about it."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The folder on a port of this machine alone; gives the address."""
    handler = functools.partial(_Pages, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
