"""Reads the files that asv writes: results of a commit, and the benchmarks of a suite."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

RESULT_FORMAT: Final = 2
"""Version of asv's files that this module reads; both kinds have had it since asv 0.6."""

Value = float | Literal["failed", "skipped"]
"""What one benchmark gave: its best sample (seconds, bytes, or the unit of a ``track_``), or why it
gave none."""


class AsvFileError(Exception):
    """A file is not what asv writes; the message says which and why."""


def read_results(path: Path) -> dict[str, Value]:
    """The value of each benchmark in a result file, by its name with parameters.

    Times are the best of the recorded samples: what disturbs a run only ever adds time.
    """
    content = _load(path)
    columns = content["result_columns"]
    values: dict[str, Value] = {}
    for name, row in content["results"].items():
        fields = dict(zip(columns, row, strict=False))
        keys = list(expand(name, fields.get("params") or []))
        results = fields.get("result") or [None] * len(keys)
        samples = fields.get("samples") or [None] * len(keys)
        if len(results) != len(keys):
            raise AsvFileError(
                f"{path}: {name} has {len(keys)} parameter combinations and {len(results)} results"
            )
        for key, result, sample in zip(keys, results, samples, strict=True):
            values[key] = _value(result, sample)
    return values


def read_units(path: Path) -> dict[str, str]:
    """The unit of each benchmark in a ``benchmarks.json``, by its name with parameters."""
    return {
        key: str(benchmark["unit"])
        for name, benchmark in _load(path).items()
        if isinstance(benchmark, dict)
        for key in expand(name, benchmark["params"])
    }


def expand(name: str, params: Sequence[Sequence[str]]) -> Iterator[str]:
    """``name`` once for each combination of parameters, in asv's order: ``name(1, 'a')``."""
    if not params:
        yield name
        return
    for combination in itertools.product(*params):
        yield f"{name}({', '.join(combination)})"


def function_name(key: str) -> str:
    """The benchmark's name without its parameters."""
    return key.partition("(")[0]


def _value(result: Any, samples: Sequence[float] | None) -> Value:
    if result is None:
        return "failed"
    if isinstance(result, float) and math.isnan(result):
        return "skipped"
    return min(samples) if samples else float(result)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AsvFileError(f"{path}: expected a JSON file of asv's; {error}") from error
    found = content.get("version") if isinstance(content, dict) else None
    if found != RESULT_FORMAT:
        raise AsvFileError(
            f"{path}: expected asv's file format {RESULT_FORMAT}, found {found}; "
            "use an asv that writes it (0.6)"
        )
    return content
