"""Makes the pages that ``asv publish`` writes self-contained.

asv's page loads seven libraries from three content delivery networks. Here they come from npm,
pinned by ``package-lock.json``, and lie beside the page: it opens without any other host.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

LIBRARIES: Final = {
    "jquery-3.3.1.min.js": "jquery/dist/jquery.min.js",
    "jquery.flot.min.js": "jquery.flot/jquery.flot.js",
    "jquery.flot.time.min.js": "jquery.flot/jquery.flot.time.js",
    "jquery.flot.selection.min.js": "jquery.flot/jquery.flot.selection.js",
    "jquery.flot.categories.min.js": "jquery.flot/jquery.flot.categories.js",
    "jquery.flot.orderBars.js": "flot-orderbars/js/jquery.flot.orderBars.js",
    "stupidtable.min.js": "stupid-table-plugin/stupidtable.min.js",
    "md5.min.js": "blueimp-md5/js/md5.min.js",
    "bootstrap.min.js": "bootstrap/docs/dist/js/bootstrap.min.js",
    "bootstrap.min.css": "bootstrap/docs/dist/css/bootstrap.min.css",
}
"""File name in asv's page to the file in ``node_modules``."""

_FOREIGN: Final = re.compile(
    r'(?P<before><(?:script|link)\b[^>]*\b(?:src|href)=")'
    r'https?://[^"]*/(?P<name>[^"/]+)'
    r'(?P<rest>"[^>]*>)'
)
_CROSS_ORIGIN: Final = re.compile(r'\s(?:integrity|crossorigin|referrerpolicy)="[^"]*"')


class PageError(Exception):
    """The pages cannot be made; the message says what was expected and what to do."""


def install_libraries(work: Path) -> Path:
    """Have npm install the pinned libraries below ``work``; the folder ``node_modules``."""
    npm = shutil.which("npm")
    if npm is None:
        raise PageError("npm was not found; install Node.js to publish the benchmark history")
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name(name), work / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PageError(f"npm could not install the libraries of asv's page:\n{done.stderr}")
    return work / "node_modules"


def make_self_contained(html: Path, node_modules: Path) -> list[str]:
    """Point ``html/index.html`` at copies of its libraries; their names, in the page's order.

    Raises :class:`PageError` where the page loads a library that nobody listed.
    """
    index = html / "index.html"
    vendor = html / "vendor"
    vendor.mkdir(exist_ok=True)
    names: list[str] = []

    def local(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in LIBRARIES:
            raise PageError(
                f"{index} loads {name} from another host; "
                "add it to LIBRARIES in benchmarks/history/pages.py and to package.json"
            )
        shutil.copy(node_modules / LIBRARIES[name], vendor / name)
        names.append(name)
        return f"{found['before']}vendor/{name}{_CROSS_ORIGIN.sub('', found['rest'])}"

    index.write_text(_FOREIGN.sub(local, index.read_text("utf-8")), "utf-8")
    return names
