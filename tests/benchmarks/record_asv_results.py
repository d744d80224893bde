"""Records the asv results that the verdict tests read: real runs of a tiny suite.

    python tests/benchmarks/record_asv_results.py

runs it once for each case below and rewrites ``tests/benchmarks/recorded``. Run it again only when
asv changes its files; the tests hold whatever it recorded to the verdicts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded")

SUITE = """
import time


def spin(steps):
    total = 0
    for i in range(steps):
        total += i * i
    return total


class Loops:
    repeat = 3
    number = 1
    warmup_time = 0
    params = [[1, 2]]
    param_names = ["size"]

    def time_loop(self, size):
        spin(int(size * 600_000 * {loop_work}))


class Sleeps:
    repeat = 3
    number = 1
    warmup_time = 0

    def setup(self):
        {sleep_setup}

    def time_sleep(self):
        {sleep_body}


def track_cost():
    return {cost}
track_cost.unit = "calibration rows per row"


def peakmem_block():
    return len(bytearray({block} * 2**20))

{extra}

def time_calibration():
    spin(1_500_000)
time_calibration.repeat = 3
time_calibration.number = 1
"""

PLAIN = {
    "loop_work": "1.0",
    "sleep_setup": "pass",
    "sleep_body": "time.sleep(0.05)",
    "cost": "2.0",
    "block": "8",
    "extra": "",
}
CASES: dict[str, dict[str, str]] = {
    "base": {},
    "same": {},
    "slow": {"loop_work": "1.5"},
    "fast": {"loop_work": "0.5", "cost": "1.0"},
    "raises": {"sleep_body": "raise RuntimeError('planted')"},
    "skips": {"sleep_setup": "raise NotImplementedError"},
    "costly": {"cost": "3.0", "block": "64"},
    "grown": {"extra": "\ndef time_new():\n    spin(100_000)\n"},
    "drifted": {},
}
"""What each recorded suite differs in; ``drifted`` ran while four busy loops shared the host."""


def record(case: str, folder: Path) -> None:
    """Run one case with asv and keep its result file and its benchmarks."""
    suite = folder / "benchmarks"
    suite.mkdir()
    (suite / "__init__.py").touch()
    (suite / "loops.py").write_text(SUITE.format(**PLAIN | CASES[case]))
    config = {"version": 1, "project": "toy", "repo": ".", "branches": ["main"]}
    config["environment_type"] = "virtualenv"
    (folder / "asv.conf.json").write_text(json.dumps(config))
    git = ["git", "-c", "user.name=recorder", "-c", "user.email=recorder@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-qm", "toy"], cwd=folder, check=True)
    asv = [sys.executable, "-m", "asv"]
    subprocess.run([*asv, "machine", "--yes", "--machine", "recorder"], cwd=folder, check=True)
    run = [*asv, "run", "--environment", f"existing:{sys.executable}", "--record-samples"]
    run += ["--machine", "recorder", "--launch-method", "spawn", "--set-commit-hash", "HEAD"]
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(4 if case == "drifted" else 0)
    ]
    try:
        subprocess.run(run, cwd=folder, check=False)
    finally:
        for process in busy:
            process.kill()
    _keep(case, folder / "results")


def _keep(case: str, results: Path) -> None:
    target = RECORDED / case
    target.mkdir(parents=True)
    shutil.copy(results / "benchmarks.json", target / "benchmarks.json")
    (found,) = (path for path in (results / "recorder").iterdir() if path.name != "machine.json")
    text = found.read_text("utf-8").replace(sys.executable, "python")
    environment = json.loads(text)["env_name"]
    (target / "results.json").write_text(text.replace(environment, "existing-python"), "utf-8")


def main() -> None:
    shutil.rmtree(RECORDED, ignore_errors=True)
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            record(case, Path(folder))


if __name__ == "__main__":
    main()
