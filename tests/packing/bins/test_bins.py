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
from tickloom.packing.bins.bin import Bin, Block, Segment
from tickloom.packing.bins.file import MOST_SHARED_ROWS, BinFile, Part, compact
from tickloom.packing.bins.reader import MOST_LOADED_ROWS, BinReader, joined
from tickloom.store.layout import PartitionKey

DAY = dt.date(2025, 8, 28)
SEED = 1


def put_aside(path: Path, frame: pl.DataFrame, pieces: int, *, compress: bool) -> Bin:
    bounds = [frame.height * i // pieces for i in range(pieces + 1)]
    key = PartitionKey(DAY, "BANKNIFTY")
    parts = [Part(key, start, end - start) for start, end in pairwise(bounds)]
    with BinFile(path, compress=compress) as bins:
        places = bins.append(compact(frame), parts, shared=False)
        bins.finish()
    segments = [
        Segment(*place, part.rows, part.start, part.start + part.rows - 1, in_order=True)
        for part, place in zip(parts, places, strict=True)
    ]
    return a_bin(path, segments, compress=compress)


def a_bin(path: Path, segments: list[Segment], *, compress: bool) -> Bin:
    contract = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)
    expiry = Expiry(date=DAY, scheduled=DAY, kind="monthly")
    key = PartitionKey(DAY, "BANKNIFTY")
    return Bin(key, contract, expiry, path, segments, compress)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("rows", [7, MOST_LOADED_ROWS + 1])
def test_rows_come_back_in_their_segments(tmp_path: Path, rows: int, compress: bool) -> None:
    noise = np.random.default_rng(SEED).random((rows, 8))
    frame = pl.DataFrame(noise).with_columns(
        symbol=pl.lit("banknifty25aug54000ce", pl.Categorical()), oi=pl.lit(None, pl.Int64)
    )
    found = put_aside(tmp_path / "bins", frame, 3, compress=compress)
    before = pa.total_allocated_bytes()
    tables = [piece.table for piece in BinReader().pieces(found)]
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
    tables = [piece.table for piece in BinReader().pieces(found)]
    with os.scandir("/proc/self/fd") as descriptors:
        opened = [Path(entry.path).readlink() for entry in descriptors if entry.is_symlink()]
    assert opened.count(found.file) == mappings
    assert pl.from_arrow(pa.concat_tables(tables)).equals(frame)


@pytest.mark.parametrize("compress", [False, True])
def test_small_contracts_share_blocks(tmp_path: Path, compress: bool) -> None:
    """Of three days and forty contracts, in an order in which nobody reads them, with columns that
    change midway."""
    generator = np.random.default_rng(SEED)
    days = [PartitionKey(DAY - dt.timedelta(days=i), "BANKNIFTY") for i in range(3)]
    written: list[tuple[pl.DataFrame, Block, int]] = []
    with BinFile(tmp_path / "bins", compress=compress) as bins:
        for number in range(40):
            rows = int(generator.integers(3, MOST_SHARED_ROWS // 4))
            frame = pl.DataFrame({"price": generator.random(rows)}).with_columns(
                symbol=pl.lit(f"banknifty25aug{number}ce", pl.Categorical()),
                oi=pl.lit(None, pl.Int64 if number < 30 else pl.Int32),
            )
            cuts = [0, *sorted(generator.integers(1, rows, 2).tolist()), rows]
            bounds = [
                (day, a, b) for day, (a, b) in zip(days, pairwise(cuts), strict=True) if a < b
            ]
            parts = [Part(day, a, b - a) for day, a, b in bounds]
            for part, place in zip(
                parts, bins.append(compact(frame), parts, shared=True), strict=True
            ):
                written.append((frame.slice(part.start, part.rows), *place))
        bins.finish()
    blocks = {block.offset: block for _, block, _ in written}
    assert len(blocks) < len(written) / 3
    assert sum(block.rows for block in blocks.values()) == sum(len(rows) for rows, _, _ in written)
    reader = BinReader()
    for turn in generator.permutation(len(written)).tolist():
        frame, block, start = written[turn]
        segment = Segment(block, start, frame.height, 0, frame.height, in_order=True)
        [piece] = reader.pieces(a_bin(tmp_path / "bins", [segment], compress=compress))
        back = pl.from_arrow(piece.table)
        assert isinstance(back, pl.DataFrame)
        assert back.equals(frame)


def test_neighbours_in_a_block_are_read_as_one(tmp_path: Path) -> None:
    frame = pl.DataFrame({"price": np.random.default_rng(SEED).random(100)})
    key = PartitionKey(DAY, "BANKNIFTY")
    with BinFile(tmp_path / "bins", compress=False) as bins:
        places = [
            place
            for piece in frame.iter_slices(20)
            for place in bins.append(compact(piece), [Part(key, 0, 20)], shared=True)
        ]
        bins.finish()
    segments = [Segment(*place, 20, 0, 19, in_order=True) for place in places]
    reader = BinReader()
    pieces = [
        piece
        for segment in (*segments[:2], segments[3], segments[4])
        for piece in reader.pieces(a_bin(tmp_path / "bins", [segment], compress=False))
    ]
    assert [table.num_rows for table in joined(pieces)] == [40, 40]
    back = pl.from_arrow(pa.concat_tables(joined(pieces)))
    assert isinstance(back, pl.DataFrame)
    assert back.equals(pl.concat([frame[:40], frame[60:]]))
