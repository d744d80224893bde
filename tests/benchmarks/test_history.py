"""The published history needs no foreign host, an empty graph is told from a drawn one, and what
was not published or not looked at is a failure."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from tests.benchmarks.replayed_clone import Clone

from benchmarks.history import __main__ as command
from benchmarks.history.__main__ import main
from benchmarks.history.browser import find_browser, graph_scales, scale_of
from benchmarks.history.pages import LIBRARIES, PageError, make_self_contained

PAGE = """<html><div id="main-graph"></div><div id="overview"></div>
<script src="LIBRARY.js"></script></html>"""
PLOT = """document.getElementById("main-graph").innerHTML =
'<canvas class="flot-base"></canvas><div class="flot-tick-label tickLabel">0.00</div>' +
'<div class="flot-tick-label tickLabel" style="top: 1px">60.0</div>';"""


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


@pytest.mark.services
@pytest.mark.parametrize(("library", "labels"), [("there", ["0.00", "60.0"]), ("lost", [])])
def test_browser_reads_the_scale_of_a_graph(
    tmp_path: Path, library: str, labels: list[str]
) -> None:
    browser = find_browser()
    if browser is None:
        pytest.skip("needs Chromium or Chrome: apt-get install chromium")
    (tmp_path / "there.js").write_text(PLOT)
    (tmp_path / "index.html").write_text(PAGE.replace("LIBRARY", library))
    assert graph_scales(browser, tmp_path, ["topic.time_it"]) == {"topic.time_it": labels}


def test_a_page_without_a_graph_has_no_scale() -> None:
    """What asv's script makes of a benchmark without results; labels elsewhere are no graph's."""
    page = """<div id="main-graph"><p>No graphs to load.</p></div><div id="overview">
    <canvas class="flot-base"></canvas><div class="flot-tick-label">1</div></div>"""
    assert scale_of(page) == []


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, list[str]]:
    """A browser that sees at each graph the scale that this says, 0 to 60 where it says nothing."""
    scales: dict[str, list[str]] = {}
    monkeypatch.setattr(command, "find_browser", lambda: "browser")
    monkeypatch.setattr(command, "install_libraries", lambda work: tmp_path)
    monkeypatch.setattr(
        command,
        "graph_scales",
        lambda browser, pages, names: {name: scales.get(name, ["0", "60"]) for name in names},
    )
    return scales


def test_history_of_two_commits_is_published_and_looked_at(
    clone: Clone, looked_at: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    clone.replay_history("base", "same")
    assert main([], clone.root) == 0
    assert (clone.root / ".asv" / "html" / "index.html").exists()
    printed = capsys.readouterr().out
    assert "4 graphs of two commits and more" in printed
    assert "loops.Sleeps.time_sleep: a graph from 0 to 60" in printed


@pytest.mark.parametrize(
    ("cases", "empty", "why"),
    [
        (("base", None), (), "asv.log says why"),
        (("base",), (), "nothing was measured at two commits; ask for more with --commits"),
        (("base", "same"), ("loops.Sleeps.time_sleep",), "found none of loops.Sleeps.time_sleep"),
    ],
)
def test_history_without_drawn_graphs_is_a_failure(
    clone: Clone,
    looked_at: dict[str, list[str]],
    capsys: pytest.CaptureFixture[str],
    cases: tuple[str | None, ...],
    empty: tuple[str, ...],
    why: str,
) -> None:
    clone.replay_history(*cases)
    looked_at.update({name: [] for name in empty})
    assert main(["--commits", str(len(cases))], clone.root) == 1
    assert why in capsys.readouterr().err


def test_history_that_nobody_can_look_at_is_a_failure(
    clone: Clone, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_browser", lambda: None)
    assert main([], clone.root) == 1
    assert re.search(
        "expected a browser to look at the pages with, found none of .*chromium.*; install one",
        capsys.readouterr().err,
    )
    assert not (clone.root / "calls.jsonl").exists(), "half an hour was measured first"
