"""Partition files of known content for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickloom.engine.columns import scan
from tickloom.engine.columns.slices import Slice
from tickloom.host import get_host
from tickloom.specs import WriterSpec
from tickloom.store.layout import PartitionKey

GROUP = 10
"""Rows per row group of the small test files."""


class RecordingWriter:
    """Reads Parquet, one chunk for each row group, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[tuple[int, int]]]] = []
        self.given: list[pa.Table] = []

    def scan(
        self, path: Path, columns: Sequence[str], ranges: Sequence[tuple[int, int]]
    ) -> Iterator[pa.Table]:
        self.asked.append((list(columns), list(ranges)))
        file = pq.ParquetFile(path)
        groups = [file.read_row_group(i, list(columns)) for i in range(file.num_row_groups)]
        for first, rows in ranges:
            self.given.append(pa.concat_tables(groups).slice(first, rows))
            yield self.given[-1]


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> RecordingWriter:
    recording = RecordingWriter()

    def unused(*_: object) -> None:
        raise AssertionError("a run neither writes nor checks files")

    spec = WriterSpec(
        name="recording",
        summary="",
        suffix=".parquet",
        write=unused,
        scan=recording.scan,
        summarise=get_host().writers.get("parquet").summarise,
        check=unused,  # type: ignore[arg-type]
    )
    monkeypatch.setattr(scan, "format_of", lambda path: spec)
    return recording


def slice_of(file: Path, spans: Sequence[tuple[int, int]]) -> Slice:
    """A slice over ``(first row, rows)`` spans of ``file``."""
    n = len(spans)
    return Slice(
        partition=0,
        key=PartitionKey(date(2025, 8, 4), "NIFTY"),
        file=file,
        hot=None,
        first=0,
        starts=np.array([s for s, _ in spans], np.int64),
        rows=np.array([r for _, r in spans], np.int64),
        expiries=np.zeros(n, np.int64),
        strikes=np.zeros(n),
        calls=np.ones(n, np.bool_),
    )
