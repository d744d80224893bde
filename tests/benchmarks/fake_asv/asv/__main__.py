"""``python -m asv`` as the comparison calls it.

``$FAKE_ASV`` is a folder with ``plan.json``: round and commit to the recorded case that it gives
(null: the commit could not be built), or round to the code that asv itself ends with. Calls are
logged in ``calls.jsonl``.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

RECORDED = Path(os.environ.get("FAKE_ASV_RECORDED", Path(__file__).parents[2] / "recorded"))
TEST_FOLDER = Path(os.environ["FAKE_ASV"])


def main(arguments: list[str]) -> int:
    """``machine``, ``publish``, and ``run``: of a file of commits, or to list benchmarks."""
    config = json.loads(Path(_value(arguments, "--config")).read_text())
    with (TEST_FOLDER / "calls.jsonl").open("a") as log:
        call = {"argv": arguments, "config": config, "cwd": str(Path.cwd())}
        call |= {"cache": os.environ.get("TICKLOOM_CACHE_DIR")}
        log.write(json.dumps(call) + "\n")
    if arguments[0] == "publish":
        pages = Path(_value(arguments, "--html-dir"))
        pages.mkdir()
        (pages / "index.html").write_text("<title>replayed</title>")
    if arguments[0] != "run":
        return 0
    results = Path(config["results_dir"])
    if "just-discover" in arguments:
        case = Path(config["benchmark_dir"], "case.txt").read_text().strip()
        shutil.copy(RECORDED / case / "benchmarks.json", results)
        return 0
    return _measure(results, _value(arguments, "--machine"), arguments[-1])


def _measure(results: Path, machine: str, hashes: str) -> int:
    plan: dict[str, Any] = json.loads((TEST_FOLDER / "plan.json").read_text())
    planned = plan[results.name]
    if isinstance(planned, int):
        print("fake asv: nothing works today", file=sys.stderr)
        return planned
    commits = Path(hashes.removeprefix("HASHFILE:")).read_text().split()
    (results / machine).mkdir(exist_ok=True)
    for commit in commits:
        if case := planned[commit]:
            target = results / machine / f"{commit[:8]}-virtualenv-py.json"
            shutil.copy(RECORDED / case / "results.json", target)
    return 2 if "raises" in planned.values() else 0


def _value(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
