"""Opens a published page in a headless browser and counts what its graphs draw."""

from __future__ import annotations

import functools
import html
import http.server
import json
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

# Stands beside the page and looks into it: counts the coloured pixels (axes and labels are grey) of
# the graph's canvas until there are some, and writes the number down.
_CHECK: Final = """<!doctype html><title>check</title><pre id="result"></pre>
<iframe id="page" width="1200" height="800"></iframe>
<script>
const page = document.getElementById("page");
page.src = "index.html#" + location.hash.slice(1);
function coloured() {
  let count = 0;
  for (const canvas of page.contentDocument.querySelectorAll("#main-graph canvas.flot-base")) {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b, a] = data.slice(i, i + 4);
      if (a > 0 && Math.max(r, g, b) - Math.min(r, g, b) > 60) count += 1;
    }
  }
  return count;
}
let tries = 0;
const timer = setInterval(() => {
  tries += 1;
  let pixels = 0;
  try { pixels = coloured(); } catch (error) { console.log(error); }
  if (pixels > 0 || tries > 100) {
    clearInterval(timer);
    document.getElementById("result").textContent = JSON.stringify({pixels: pixels});
  }
}, 100);
</script>
"""


def find_browser() -> str | None:
    """The first headless-capable browser of this machine, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def drawn_pixels(browser: str, pages: Path, benchmarks: Sequence[str]) -> dict[str, int]:
    """For each benchmark, the coloured pixels of its graph on the published page."""
    with tempfile.TemporaryDirectory() as folder, _served(pages) as address:
        return {
            name: _pixels(browser, f"{address}/_check.html#{quote(name)}", Path(folder))
            for name in benchmarks
        }


def _pixels(browser: str, url: str, profile: Path) -> int:
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={profile}", "--virtual-time-budget=30000", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout)
    if not found or not found[1]:
        raise PageError(f"{browser} did not finish {url}:\n{done.stderr[-2000:]}")
    return int(json.loads(html.unescape(found[1]))["pixels"])


class _Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the published folder, and the checking page beside it."""

    def do_GET(self) -> None:
        if self.path.startswith("/_check.html"):
            body = _CHECK.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            super().do_GET()

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
