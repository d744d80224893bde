"""A scan delivers each contract's own values, reads no more than it must, and copies no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engine.conftest import GROUP, RecordingWriter, slice_of

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.columns.scan import Block, Scan
from tickloom.engine.columns.values import as_numbers
from tickloom.errors import UsageError

ROWS = 45


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "part.parquet"
    table = pa.table(
        {
            "price": np.arange(ROWS) * 0.05,
            "volume": np.arange(ROWS) * 10,
            "bp0": pa.array([None if i % 7 == 0 else float(i) for i in range(ROWS)]),
            "oi": pa.array([None if i % 5 == 0 else i for i in range(ROWS)]),
            "empty": pa.nulls(ROWS, pa.float64()),
        }
    )
    pq.write_table(table, path, row_group_size=GROUP)
    return path


def read(file: Path, spans: list[tuple[int, int]], names: list[str]) -> list[Block]:
    return kept(Scan(slice_of(file, spans), names))


def kept(scan: Iterable[Block]) -> list[Block]:
    """The blocks with arrays of their own: a scan's hold until its next block."""
    return [replace(b, chunks=Chunks.whole([column.copy() for column in b.columns])) for b in scan]


def by_contract(blocks: list[Block], column: int) -> dict[int, list[float]]:
    found = {}
    for block in blocks:
        for i in range(len(block.offsets) - 1):
            low, high = block.offsets[i], block.offsets[i + 1]
            found[block.low + i] = block.columns[column][low:high].tolist()
    return found


@pytest.mark.parametrize(
    "spans",
    [
        [(0, ROWS)],
        [(0, 10), (10, 10), (20, 25)],
        [(0, 3), (3, 1), (4, 6), (10, 5), (15, 10), (25, 19), (44, 1)],
        [(0, 9), (9, 2), (11, 9), (20, 1), (21, 24)],
        [(7, 2), (9, 12)],
    ],
)
def test_each_contract_gets_its_own_rows(
    file: Path, writer: RecordingWriter, spans: list[tuple[int, int]]
) -> None:
    blocks = read(file, spans, ["price", "volume"])
    for i, (start, rows) in enumerate(spans):
        assert by_contract(blocks, 0)[i] == [k * 0.05 for k in range(start, start + rows)]
        assert by_contract(blocks, 1)[i] == [k * 10 for k in range(start, start + rows)]
    assert [b.columns[0][0] for b in blocks] == [b.first_row * 0.05 for b in blocks]
    assert all(b.offsets[0] == 0 and b.offsets[-1] == len(b.columns[0]) for b in blocks)


def test_only_the_contracts_across_an_edge_are_copied(file: Path, writer: RecordingWriter) -> None:
    spans = [(0, 4), (4, 4), (8, 4), (12, 8), (20, 10), (30, 15)]
    blocks = list(Scan(slice_of(file, spans), ["price"]))
    owned = [
        chunk.to_numpy(zero_copy_only=True) for chunk in writer.given[0].column("price").chunks
    ]
    views = [any(np.shares_memory(b.columns[0], chunk) for chunk in owned) for b in blocks]
    assert [(b.low, len(b.offsets) - 1, view) for b, view in zip(blocks, views, strict=True)] == [
        (0, 2, True),
        (2, 1, False),
        (3, 1, True),
        (4, 1, True),
        (5, 1, False),
    ]


def test_nulls_become_nan_or_zero_and_are_counted(file: Path, writer: RecordingWriter) -> None:
    scan = Scan(slice_of(file, [(0, 8), (8, 37)]), ["price", "bp0", "oi", "empty"])
    blocks = kept(scan)
    bids = [v for i in (0, 1) for v in by_contract(blocks, 1)[i]]
    for row, value in enumerate(bids):
        assert np.isnan(value) if row % 7 == 0 else value == row
    interest = [v for i in (0, 1) for v in by_contract(blocks, 2)[i]]
    assert interest == [0 if i % 5 == 0 else i for i in range(ROWS)]
    assert scan.nulls == {"price": 0, "bp0": 7, "oi": 9, "empty": ROWS}
    assert scan.all_null() == "empty"


def test_only_the_named_columns_and_rows_are_asked_for(file: Path, writer: RecordingWriter) -> None:
    scan = Scan(slice_of(file, [(12, 3), (15, 2)]), ["price"])
    list(scan)
    assert writer.asked == [(["price"], [(12, 5)])]
    assert scan.rows_read == 5


def test_a_small_gap_is_read_along_and_a_wide_one_is_not(
    file: Path, writer: RecordingWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickloom.engine.columns.scan.WIDEST_GAP", 5)
    scan = Scan(slice_of(file, [(0, 2), (7, 3), (30, 4)]), ["volume"])
    blocks = kept(scan)
    assert writer.asked == [(["volume"], [(0, 10), (30, 4)])]
    assert by_contract(blocks, 0) == {0: [0, 10], 1: [70, 80, 90], 2: [300, 310, 320, 330]}
    assert scan.rows_read == 14


def test_columns_with_different_chunks_are_put_together(tmp_path: Path) -> None:
    pieces = {"a": ([0.0, 1.0], [2.0, 3.0, 4.0]), "b": ([0, 1, 2, 3], [4])}
    table = pa.table({name: pa.chunked_array(list(parts)) for name, parts in pieces.items()})
    scan = Scan(slice_of(tmp_path / "none", [(0, 2), (2, 2), (4, 1)]), ["a", "b"])
    blocks = kept(scan._blocks(table, 0, 3, 0))
    assert by_contract(blocks, 0) == {0: [0.0, 1.0], 1: [2.0, 3.0], 2: [4.0]}
    assert by_contract(blocks, 1) == {0: [0, 1], 1: [2, 3], 2: [4]}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1.5, None], pa.float32()), [1.5, float("nan")]),
        (pa.array([3, None], pa.int16()), [3, 0]),
        (pa.array([True, None, False]), [1, 0, 0]),
        (pa.array([datetime(1970, 1, 1, 0, 0, 1)], pa.timestamp("us")), [1_000_000]),
        (pa.array([date(1970, 1, 3)]), [2]),
    ],
)
def test_every_numeric_type_becomes_float64_or_int64(
    values: pa.Array, expected: list[float]
) -> None:
    found = as_numbers(values, "x")
    assert found.dtype == (np.float64 if isinstance(expected[0], float) else np.int64)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("values", [pa.array([1.5, 2.5]), pa.array([1, 2])])
def test_values_of_the_right_width_are_not_copied(values: pa.Array) -> None:
    found = as_numbers(values, "x")
    assert np.shares_memory(found, values.to_numpy(zero_copy_only=True))
    assert not found.flags.writeable


def test_text_cannot_be_read_by_a_kernel() -> None:
    with pytest.raises(UsageError, match=r"'symbol' holds string.*only read numbers"):
        as_numbers(pa.array(["x"]), "symbol")


PROGRAM = """
import sys
import pyarrow as pa
from tickloom.engine.columns.values import as_numbers

def half_null(kind, size):
    return pa.Array.from_buffers(kind, 2, [pa.py_buffer(b"\\x01"), pa.py_buffer(bytes(size))])

print(as_numbers(half_null(pa.int16(), 4), "x"), as_numbers(half_null(pa.float32(), 8), "y"))
print("pandas" in sys.modules)
"""


def test_a_scan_does_not_wait_for_pandas() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[0 0] [ 0. nan]\nFalse\n", "")
