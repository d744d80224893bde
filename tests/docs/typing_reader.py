"""A reader who types every snippet of a page, in order, into one folder."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.blocks import Block

PATIENCE = 240
"""Seconds after which a snippet counts as hanging."""


@dataclass
class TypingReader:
    """Types blocks; an assertion fails where one does not do what the page says."""

    page: str
    folder: Path
    env: Mapping[str, str]
    python: str = sys.executable
    script: str = ""
    folder_now: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder_now = self.folder

    def type(self, block: Block) -> None:
        """Do what the block says."""
        where = f"{self.page}, line {block.line}"
        if block.file:
            file = self.folder_now / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            self._shell(block.text, where)
        elif block.language == "python":
            self._python(block, where)
        else:
            for command, expected in sessions(block.text):
                printed = self._shell(command, where)
                assert matches(expected, printed), (
                    f"{where}: '{command.strip()}' should print\n{expected}\nbut prints\n{printed}"
                )

    def _shell(self, commands: str, where: str) -> str:
        now = self.folder / ".folder-now"
        script = f"trap 'pwd > \"{now}\"' EXIT\n{commands}"
        printed = self._run(["bash", "-euo", "pipefail", "-c", script], where, commands)
        self.folder_now = Path(now.read_text().rstrip("\n"))
        now.unlink()
        return printed

    def _python(self, block: Block, where: str) -> None:
        self.script = (self.script if "continued" in block.options else "") + block.text
        file = self.folder / ".snippet.py"
        file.write_text(self.script, encoding="utf-8")
        self._run([self.python, "-W", "error", str(file)], where, block.text)
        file.unlink()

    def _run(self, command: list[str], where: str, text: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder_now,
            env=dict(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{where} fails with {done.returncode}:\n{text}\n{done.stdout}"
        return done.stdout


def sessions(text: str) -> list[tuple[str, str]]:
    """Commands of a console block, each with what it is expected to print."""
    found: list[tuple[str, str]] = []
    continued = False
    for line in text.splitlines(keepends=True):
        if continued:
            found[-1] = (found[-1][0] + line, "")
        elif line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            assert found, f"a console block begins with '$ ', found {line!r}"
            found[-1] = (found[-1][0], found[-1][1] + line)
        continued = (continued or line.startswith("$ ")) and line.rstrip().endswith("\\")
    return found


def matches(expected: str, printed: str) -> bool:
    """Is ``printed`` what is expected? ``...`` stands for anything, on a line of its own also for
    no line; runs of blanks are one."""
    pattern = r".*".join(
        r"\s+".join(re.escape(word) for word in re.split(r"\s+", part))
        for part in expected.strip().split("...")
    )
    return re.fullmatch(rf"\s*{pattern}\s*", f"\n{printed}\n", re.DOTALL) is not None
