"""``python -m benchmarks.history``: asv's history as self-contained pages, checked in a browser."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare.asv_results import AsvFileError, read_results
from benchmarks.compare.asv_tool import MACHINE, AsvRun, MeasureError, Project
from benchmarks.history.browser import BROWSERS, find_browser, graph_scales
from benchmarks.history.pages import PageError, install_libraries, make_self_contained

ROOT = Path(__file__).parents[2]
CHECKED_GRAPHS = 3


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Publish what was measured, after measuring HEAD and its parents as far as asked for.

    1: nothing was published, or nobody saw that its graphs are drawn.
    """
    options = _parser().parse_args(arguments)
    project = Project(root, root / ".asv")
    asv = AsvRun(project, project.work / "results", root / "benchmarks")
    try:
        browser = _browser()
        _measure(project, asv, options.commits, options.bench)
        graphs = _publish(asv, project.work / "html", project.work / "libraries")
        return _check(browser, project.work / "html", graphs)
    except (MeasureError, AsvFileError, PageError) as error:
        print(f"bench-html: {error}", file=sys.stderr)
        return 1


def _browser() -> str:
    """The browser that looks at the pages; its lack is told before anything is measured."""
    found = find_browser()
    if found is None:
        raise PageError(
            f"expected a browser to look at the pages with, found none of {', '.join(BROWSERS)}; "
            "install one: apt-get install chromium"
        )
    return found


def _measure(project: Project, asv: AsvRun, count: int, bench: list[str]) -> None:
    revisions = [f"HEAD~{back}" if back else "HEAD" for back in range(count)]
    commits = [project.commit(revision) for revision in revisions]
    measured = {path.name[:8] for path in (asv.results / MACHINE).glob("*-*.json")}
    missing = [commit for commit in commits if commit[:8] not in measured]
    if missing:
        print(f"bench-html: measuring {len(missing)} of the last {count} commits", file=sys.stderr)
        for commit, found in zip(missing, asv.measure(missing, bench), strict=True):
            if not any(isinstance(value, float) for value in found.values()):
                raise MeasureError(f"nothing was measured at {commit[:8]}; {asv.log} says why")


def _publish(asv: AsvRun, pages: Path, libraries: Path) -> list[str]:
    """Write the pages; the benchmarks with a line to draw: measured at two commits or more."""
    asv.publish(pages)
    make_self_contained(pages, install_libraries(libraries))
    measured = Counter(
        name
        for path in (asv.results / MACHINE).glob("*-*.json")
        for name, value in read_results(path).items()
        if isinstance(value, float)
    )
    return sorted(name for name, commits in measured.items() if commits > 1 and "(" not in name)


def _check(browser: str, pages: Path, graphs: list[str]) -> int:
    print(f"bench-html: {len(graphs)} graphs of two commits and more in {pages}/index.html")
    if not graphs:
        raise PageError("nothing was measured at two commits; ask for more with --commits")
    scales = graph_scales(browser, pages, graphs[:CHECKED_GRAPHS])
    for name, labels in scales.items():
        if labels:
            print(f"bench-html: {name}: a graph from {labels[0]} to {labels[-1]}")
    if empty := [name for name, labels in scales.items() if not labels]:
        raise PageError(f"expected a graph of each benchmark, found none of {', '.join(empty)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--commits", type=int, default=2, help="how many of the last commits")
    parser.add_argument("--bench", action="append", default=[], help="regular expression; repeat")
    return parser


if __name__ == "__main__":
    sys.exit(main())
