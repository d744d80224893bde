"""Calls asv on chosen commits, with a configuration of this run's own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare.asv_results import Value, read_results, read_units

MACHINE = "benchmarks"
"""Name under which results are filed: they are never compared with another machine's."""


class MeasureError(Exception):
    """asv could not measure; the message says what failed and where to look."""


@dataclass(frozen=True, slots=True)
class Project:
    """A clone of the project, and where asv keeps its things."""

    root: Path
    """Root of the clone: its working tree's suite is what runs."""

    work: Path
    """Folder for environments, results and logs; kept between runs, the environments are reused."""

    def commit(self, revision: str) -> str:
        """The full hash of a revision."""
        done = self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if done.returncode:
            raise MeasureError(
                f"expected a revision of {self.root}, found {revision!r}; "
                "in a shallow clone, fetch its history first"
            )
        return done.stdout.decode().strip()

    def has_changes(self) -> bool:
        """Are there uncommitted changes beside the suite?"""
        done = self._git("status", "--porcelain", "--", ":!benchmarks")
        if done.returncode:
            raise MeasureError(
                f"expected {self.root} to be a clone of the project's, found none: "
                f"{done.stderr.decode(errors='replace').strip()}"
            )
        return bool(done.stdout)

    def suite_of(self, commit: str, folder: Path) -> Path | None:
        """Unpack the ``benchmarks`` of a commit below ``folder``; None if it has none."""
        done = self._git("archive", commit, "benchmarks")
        if done.returncode:
            return None
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        return folder / "benchmarks"

    def _git(self, *args: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(["git", *args], cwd=self.root, capture_output=True, check=False)
        except FileNotFoundError as error:
            raise MeasureError("git was not found; install it to compare commits") from error


@dataclass(frozen=True, slots=True)
class AsvRun:
    """One configured asv: a suite, and a folder for its results."""

    project: Project
    """What is measured."""

    results: Path
    """Folder of the results."""

    suite: Path
    """The suite that runs."""

    @property
    def log(self) -> Path:
        """What asv said."""
        return self.results / "asv.log"

    def discover(self, commit: str) -> dict[str, str]:
        """The suite's benchmarks, imported beside this commit: name with parameters to unit."""
        self._run([commit], ["--bench", "just-discover"])
        return read_units(self.results / "benchmarks.json")

    def measure(
        self, commits: Sequence[str], bench: Sequence[str], extra: Sequence[str] = ()
    ) -> list[dict[str, Value]]:
        """Measure ``commits`` in this order, and return what each of them gave.

        ``bench``: regular expressions that select benchmarks; none selects all.
        """
        selection = [part for regex in bench for part in ("--bench", regex)]
        self._run(commits, ["--record-samples", "--show-stderr", *selection, *extra])
        return [self._results_of(commit) for commit in commits]

    def publish(self, pages: Path) -> None:
        """Write asv's web pages of all results into ``pages``."""
        config = self.write_config()
        asv = [sys.executable, "-m", "asv", "publish", "--config", str(config)]
        self._call([*asv, "--no-pull", "--html-dir", str(pages)], ok=(0,))

    def write_config(self) -> Path:
        """asv's configuration of this run: the project's, with this run's folders."""
        import json5  # asv's own dependency: not there where asv only discovers this package

        source = self.project.root / "asv.conf.json"
        try:
            config: dict[str, Any] = json5.loads(source.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise MeasureError(f"expected asv's configuration in {source}: {error}") from error
        config |= {
            "repo": str(self.project.root),
            "benchmark_dir": str(self.suite),
            "env_dir": str(self.project.work / "env"),
            "results_dir": str(self.results),
        }
        path = self.results / "asv.conf.json"
        path.write_text(json5.dumps(config, quote_keys=True, trailing_commas=False))
        return path

    def _results_of(self, commit: str) -> dict[str, Value]:
        files = sorted((self.results / MACHINE).glob(f"{commit[:8]}-*.json"))
        if not files:
            return {}  # the commit could not be built: nothing ran
        return read_results(files[0])

    def _run(self, commits: Sequence[str], options: Sequence[str]) -> None:
        self.results.mkdir(parents=True, exist_ok=True)
        config = self.write_config()
        hashes = self.results / "commits.txt"
        hashes.write_text("".join(f"{commit}\n" for commit in commits))
        asv = [sys.executable, "-m", "asv"]
        common = ["--config", str(config), "--machine", MACHINE]
        self._call([*asv, "machine", *common, "--yes"], ok=(0,))
        command = [*asv, "run", *common, "--no-interleave-rounds", *options]
        # 2: some benchmark failed, which the results tell.
        self._call([*command, f"HASHFILE:{hashes}"], ok=(0, 2))

    def _call(self, command: Sequence[str], ok: Sequence[int]) -> None:
        log = self.log
        # Kernels are compiled for this run alone: what the user has built is not touched.
        environ = os.environ | {"TICKLOOM_CACHE_DIR": str(self.project.work / "kernels")}
        with log.open("ab") as out:
            done = subprocess.run(
                command, cwd=self.project.root, env=environ, stdout=out, stderr=out, check=False
            )
        if done.returncode not in ok:
            tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
            raise MeasureError(f"asv exited with {done.returncode}; the end of {log}:\n{tail}")
