"""The published history needs no foreign host, and an empty graph is told from a drawn one."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from benchmarks.history.browser import drawn_pixels, find_browser
from benchmarks.history.pages import LIBRARIES, PageError, make_self_contained


@pytest.fixture
def node_modules(tmp_path: Path) -> Path:
    folder = tmp_path / "node_modules"
    for path in LIBRARIES.values():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"/* {path} */")
    return folder


def test_page_of_the_installed_asv_becomes_self_contained(
    tmp_path: Path, node_modules: Path
) -> None:
    pages = tmp_path / "html"
    pages.mkdir()
    index = pages / "index.html"
    shutil.copy(str(files("asv") / "www" / "index.html"), index)
    names = make_self_contained(pages, node_modules)
    assert sorted(names) == sorted(LIBRARIES)
    assert names[0].startswith("jquery-")
    text = index.read_text("utf-8")
    assert not re.findall(r'<(?:script|link)[^>]*"https?://', text)
    assert "integrity=" not in text
    for name, source in LIBRARIES.items():
        assert f'"vendor/{name}"' in text
        assert (pages / "vendor" / name).read_text() == f"/* {source} */"


def test_page_with_an_unknown_library_is_refused(tmp_path: Path, node_modules: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="https://example.org/new.js"></script>')
    with pytest.raises(PageError, match=r"loads new\.js from another host; add it to LIBRARIES"):
        make_self_contained(tmp_path, node_modules)


@pytest.mark.parametrize(("colour", "drawn"), [("#1f83b4", True), ("#888888", False)])
def test_browser_counts_what_a_graph_draws(tmp_path: Path, colour: str, drawn: bool) -> None:
    browser = find_browser()
    if browser is None:
        pytest.skip("needs Chromium or Chrome: apt-get install chromium")
    page = f"""<div id="main-graph">
    <canvas class="flot-base" width="100" height="50"></canvas></div>
    <script>
    const context = document.querySelector("canvas").getContext("2d");
    context.fillStyle = "{colour}";
    context.fillRect(10, 10, 20, 5);
    </script>"""
    (tmp_path / "index.html").write_text(page)
    pixels = drawn_pixels(browser, tmp_path, ["topic.time_it"])
    assert pixels == {"topic.time_it": 100 if drawn else 0}
