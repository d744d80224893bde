"""Bins: what is put aside comes back, and a large one takes no memory at once."""

from __future__ import annotations

import datetime as dt
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from tickloom.contracts import Contract, Expiry
from tickloom.packing.bins import MOST_LOADED_ROWS, Bin, BinFile, Segment, compact, read_segments
from tickloom.store.layout import PartitionKey

DAY = dt.date(2025, 8, 28)
SEED = 1


def put_aside(path: Path, frame: pl.DataFrame, pieces: int, *, compress: bool) -> Bin:
    contract = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)
    expiry = Expiry(date=DAY, scheduled=DAY, kind="monthly")
    bounds = [frame.height * i // pieces for i in range(pieces + 1)]
    segments = []
    with BinFile(path, compress=compress) as bins:
        for start, end in pairwise(bounds):
            offset, size = bins.append(compact(frame.slice(start, end - start)))
            segments.append(Segment(offset, size, end - start, start, end - 1, True))
    return Bin(PartitionKey(DAY, "BANKNIFTY"), contract, expiry, path, segments, compress)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("rows", [7, MOST_LOADED_ROWS + 1])
def test_rows_come_back_in_their_segments(tmp_path: Path, rows: int, compress: bool) -> None:
    noise = np.random.default_rng(SEED).random((rows, 8))
    frame = pl.DataFrame(noise).with_columns(
        symbol=pl.lit("banknifty25aug54000ce", pl.Categorical()), oi=pl.lit(None, pl.Int64)
    )
    found = put_aside(tmp_path / "bins", frame, 3, compress=compress)
    before = pa.total_allocated_bytes()
    tables = list(read_segments(found))
    if rows > MOST_LOADED_ROWS:
        assert pa.total_allocated_bytes() - before < frame.estimated_size() / 10
    assert [table.num_rows for table in tables] == [part.rows for part in found.segments]
    back = pl.from_arrow(pa.concat_tables(tables, promote_options="permissive"))
    assert isinstance(back, pl.DataFrame)
    assert back.equals(frame)
    assert [path.name for path in tmp_path.iterdir()] == ["bins"]


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted as Linux does")
@pytest.mark.parametrize(
    ("rows", "pieces", "mappings"), [(20, 1, 0), (1_999, 1_999, 0), (2_000, 1, 1), (9_000, 900, 5)]
)
def test_many_pieces_take_few_mappings(
    tmp_path: Path, rows: int, pieces: int, mappings: int
) -> None:
    frame = pl.DataFrame({"price": np.random.default_rng(SEED).random(rows)})
    found = put_aside(tmp_path / "bins", frame, pieces, compress=False)
    tables = list(read_segments(found))
    with os.scandir("/proc/self/fd") as descriptors:
        opened = [Path(entry.path).readlink() for entry in descriptors if entry.is_symlink()]
    assert opened.count(found.file) == mappings
    assert pl.from_arrow(pa.concat_tables(tables)).equals(frame)
