"""Every snippet of the README and the docs does what the page says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.docs.blocks import blocks_of, needs_of
from tests.docs.typing_reader import TypingReader, matches, sessions

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_SNIPPETS = [page for page in PAGES if any(block.is_run for block in blocks_of(page))]


@pytest.fixture
def needs(page: Path) -> frozenset[str]:
    return needs_of(page)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets_of(page: Path, folder: Path, programs: Path, reader_env: dict[str, str]) -> None:
    name = str(page.relative_to(ROOT))
    python = str(programs / "python")
    reader = TypingReader(page=name, folder=folder, env=reader_env, python=python)
    for block in blocks_of(page):
        if block.is_run:
            reader.type(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of(page: Path) -> None:
    """Relative links lead somewhere."""

    for target in links_of(page):
        assert target.exists(), f"{page.relative_to(ROOT)} links to {target}"


def links_of(page: Path) -> list[Path]:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [(page.parent / target).resolve() for target in targets]


def test_the_index_leads_to_every_page() -> None:
    start = ROOT / "docs" / "index.md"
    reached, waiting = {start}, [start]
    while waiting:
        for page in links_of(waiting.pop()):
            if page.suffix == ".md" and page not in reached:
                reached.add(page)
                waiting.append(page)
    pages = set((ROOT / "docs").rglob("*.md"))
    lost = sorted(str(page.relative_to(ROOT)) for page in pages - reached)
    assert not lost, f"no link leads from docs/index.md to {', '.join(lost)}"


def test_a_block_is_what_its_fence_says(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- needs: raw store -->\n\n```sh\necho a\n```\n\n"
        "<!-- not run: it needs the network -->\n```sh\npip install x\n```\n\n"
        "```toml file=a/b.toml\nx = 1\n```\n\n```text\nread me\n```\n"
    )
    shell, skipped, file, text = blocks_of(page)
    assert (shell.line, shell.language, shell.text, shell.is_run) == (3, "sh", "echo a\n", True)
    assert (skipped.reason, skipped.is_run) == ("it needs the network", False)
    assert (file.file, file.is_run) == ("a/b.toml", True)
    assert not text.is_run
    assert needs_of(page) == {"raw", "store"}


def test_a_failing_snippet_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n\n```sh\nmkdir x && cd x\n```\n\n```console\n$ pwd\n/nowhere\n```\n")
    reader = TypingReader(page="page.md", folder=tmp_path, env=os.environ)
    good, bad = blocks_of(page)
    reader.type(good)
    assert reader.folder_now == tmp_path / "x"
    with pytest.raises(AssertionError, match=r"page\.md, line 7: 'pwd' should print"):
        reader.type(bad)


def test_console_blocks_split_into_commands() -> None:
    text = "$ one \\\n  more\nprints\n$ two\n$ three\nx\ny\n"
    assert sessions(text) == [
        ("one \\\n  more\n", "prints\n"),
        ("two\n", ""),
        ("three\n", "x\ny\n"),
    ]


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a  b\nc", "a b\nc\n", True),
        ("a ... c", "a b c", True),
        ("first\n...\nlast", "first\nx\ny\nlast\n", True),
        ("took ... s", "took 1.25 s\n", True),
        ("...\nlast", "last\n", True),
        ("first\n...", "first\n", True),
        ("a", "b", False),
        ("a ... c", "a b", False),
        ("", "", True),
        ("", "surprise", False),
        ("1.5", "1x5", False),
    ],
)
def test_expected_output_may_leave_things_out(expected: str, printed: str, same: bool) -> None:
    assert matches(expected, printed) is same
