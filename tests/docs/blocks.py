"""The snippets of a page: fenced blocks that a reader types, and what they need.

What a fence's language says:

``sh``                   commands, run in the page's folder; a ``cd`` lasts to the page's end
``console``              commands after ``$ ``, each followed by what it prints; ``...`` stands for
                         anything, within a line or as one
``python``               a script; ``python continued`` follows on the script before
anything ``file=PATH``   the content of a file, written in place

All other blocks are for reading. ``<!-- not run: why -->`` above a block keeps it from being run;
``<!-- needs: raw store environment -->`` at the top asks for raw files in ``raw``, a store in
``store``, or an environment of the page's own in which plugins can be installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RUNNABLE = ("sh", "console", "python")

_FENCE = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+?) -->\n)?"
    r"^```(?P<language>\w+)(?P<options>[^\n`]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NEEDS = re.compile(r"^<!-- needs: (.+?) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One snippet."""

    line: int
    """Line of its fence, from 1."""

    language: str
    """What follows the backticks."""

    options: tuple[str, ...]
    """What follows the language."""

    text: str
    """The lines between the fences."""

    reason: str
    """Why it is not run; empty if it is."""

    @property
    def file(self) -> str:
        """Path of the file that it is the content of; empty if it is none."""
        paths = [o.removeprefix("file=") for o in self.options if o.startswith("file=")]
        return paths[0] if paths else ""

    @property
    def is_run(self) -> bool:
        """Is it typed by a reader, and therefore run?"""
        return not self.reason and bool(self.file or self.language in RUNNABLE)


def blocks_of(page: Path) -> Iterator[Block]:
    """The snippets of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        yield Block(
            line=text.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            options=tuple(found["options"].split()),
            text=found["text"],
            reason=found["reason"] or "",
        )


def needs_of(page: Path) -> frozenset[str]:
    """What the page says that it needs."""
    found = _NEEDS.search(page.read_text(encoding="utf-8"))
    return frozenset(found[1].split()) if found else frozenset()
