"""A clone of two commits beside an asv that replays recorded results for them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare.asv_tool import Project
from benchmarks.compare.rounds import Question, compare
from benchmarks.compare.verdicts import Comparison

FAKE_ASV = Path(__file__).with_name("fake_asv")


@dataclass
class Clone:
    """A clone of two commits, and an asv that replays for them what it is told."""

    root: Path
    base: str
    head: str

    def replay(self, *rounds: tuple[str | None, str | None] | int) -> None:
        """In each round, the recorded cases of base and head, or the code that asv ends with."""
        planned = {
            str(number): given
            if isinstance(given, int)
            else dict(zip(self.both, given, strict=True))
            for number, given in enumerate(rounds, 1)
        }
        (self.root / "plan.json").write_text(json.dumps(planned))

    def replay_history(self, *cases: str | None) -> None:
        """The recorded cases of the last commits, the newest last."""
        commits = self.both[-len(cases) :]
        planned = {"results": dict(zip(commits, cases, strict=True))}
        (self.root / "plan.json").write_text(json.dumps(planned))

    @property
    def both(self) -> tuple[str, str]:
        return self.base, self.head

    @property
    def report(self) -> str:
        return (self.root / ".asv" / "report.md").read_text("utf-8")

    def calls(self, kind: str) -> list[dict[str, Any]]:
        """asv's calls: ``machine``, ``discover`` or ``measure``."""
        text = (self.root / "calls.jsonl").read_text()
        logged = [json.loads(line) for line in text.splitlines()]
        kinds = [
            call["argv"][0]
            if call["argv"][0] != "run"
            else ("discover" if "just-discover" in call["argv"] else "measure")
            for call in logged
        ]
        return [call for call, found in zip(logged, kinds, strict=True) if found == kind]

    def compare(self, **options: Any) -> Comparison:
        project = Project(self.root, self.root / ".asv")
        return compare(project, Question(self.base, self.head, **options), lambda line: None)


def git(root: Path, *args: str) -> str:
    """What a git command prints."""
    done = subprocess.run(["git", *args], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()
