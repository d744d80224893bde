"""The Parquet writer: layout, types, and bytes that depend on the rows alone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from tickloom import WriteSettings
from tickloom_plugins.writers import numeric_scan
from tickloom_plugins.writers.parquet import parquet

OPEN = dt.datetime(2025, 8, 1, 9, 15)
ZONE = WriteSettings(row_group_rows=100, metadata={"tickloom.zone": "Asia/Kolkata"})


def ticks(rows: int) -> pl.DataFrame:
    """Two contracts' ticks with every kind of column that needs care."""
    half = rows // 2
    return pl.DataFrame(
        {
            "timestamp": [OPEN + dt.timedelta(seconds=i % half) for i in range(rows)],
            "price": [100.0 + i % 7 for i in range(rows)],
            "volume": [i % half for i in range(rows)],
            "symbol": ["zz25augce"] * half + ["aa25augpe"] * half,
            "opt_type": ["CE"] * half + ["PE"] * half,
            "strike": [100.5] * rows,
            "expiry": [dt.date(2025, 8, 28)] * rows,
            "expiry_type": ["monthly"] * rows,
            "note": [None] * rows,
        },
        schema_overrides={
            "timestamp": pl.Datetime("us"),
            "symbol": pl.Categorical(),
            "opt_type": pl.Enum(("CE", "PE")),
            "strike": pl.Float32,
            "expiry_type": pl.Enum(("weekly", "monthly")),
            "note": pl.Float64,
        },
    )  # fmt: skip


def written(frames: list[pl.DataFrame], path: Path) -> bytes:
    parquet.write(iter(frames), path, ZONE)
    return path.read_bytes()


def test_polars_reads_back_what_was_written(tmp_path: Path) -> None:
    frame = ticks(250)
    written([frame], tmp_path / "a.parquet")
    back = pl.read_parquet(tmp_path / "a.parquet")
    assert back.schema == frame.schema
    assert back.equals(frame)


def test_layout_is_the_stores(tmp_path: Path) -> None:
    written([ticks(250)], tmp_path / "a.parquet")
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        meta = file.metadata
        assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [100, 100, 50]
        names = file.schema_arrow.names
        key = [names[column.column_index] for column in meta.row_group(0).sorting_columns]
        assert key == ["expiry", "opt_type", "strike", "timestamp"]
        for i in range(len(names)):
            column = meta.row_group(0).column(i)
            fast = {"price": "UNCOMPRESSED", "volume": "UNCOMPRESSED"}
            assert column.compression == fast.get(names[i], "ZSTD")
            assert column.is_stats_set
        prices = meta.row_group(0).column(names.index("price"))
        assert "RLE_DICTIONARY" in prices.encodings
        assert meta.metadata[b"tickloom.zone"] == b"Asia/Kolkata"
        assert set(meta.metadata) == {b"ARROW:schema", b"tickloom.zone"}


def test_plain_values_of_fast_columns_have_a_codec(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    settings = WriteSettings(fast_columns=("price", "volume", "strike"))
    parquet.write(iter([ticks(250)]), path, settings)
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    found = {column.path_in_schema: column.compression for column in columns}
    assert found["price"] == "UNCOMPRESSED"
    assert (found["volume"], found["strike"]) == ("UNCOMPRESSED", "LZ4")
    assert found["expiry"] == "ZSTD"


@pytest.mark.parametrize("size", [1, 33, 99, 100, 101, 249])
def test_bytes_do_not_depend_on_how_rows_were_cut(tmp_path: Path, size: int) -> None:
    frame = ticks(250)
    whole = written([frame], tmp_path / "whole.parquet")
    cut = [frame.slice(i, size) for i in range(0, frame.height, size)]
    assert written(cut, tmp_path / "cut.parquet") == whole


def test_bytes_do_not_depend_on_symbols_seen_before(tmp_path: Path) -> None:
    before = written([ticks(250)], tmp_path / "before.parquet")
    pl.Series([f"symbol{i}" for i in range(999)] + ["aa25augpe"], dtype=pl.Categorical())
    frame = ticks(250).with_columns(pl.col("symbol").cast(pl.String).cast(pl.Categorical()))
    assert written([frame], tmp_path / "after.parquet") == before


def test_scan_reads_ranges_across_row_groups(tmp_path: Path) -> None:
    frame = ticks(250)
    written([frame], tmp_path / "a.parquet")
    ranges = [(0, 1), (95, 10), (100, 100), (150, 100), (249, 1)]
    tables = list(parquet.scan(tmp_path / "a.parquet", ["volume", "price"], ranges))
    for (first, rows), table in zip(ranges, tables, strict=True):
        assert table.column_names == ["volume", "price"]
        expected = frame.slice(first, rows)
        assert table.column("volume").to_pylist() == expected["volume"].to_list()


def test_summary_names_columns_without_values(tmp_path: Path) -> None:
    written([ticks(250)], tmp_path / "a.parquet")
    summary = parquet.summarise(tmp_path / "a.parquet")
    assert summary.rows == 250
    assert summary.row_groups == (100, 100, 50)
    assert summary.all_null == {"note"}
    assert list(summary.columns) == ticks(2).columns


@pytest.mark.parametrize("group", [0, 1, 2])
def test_check_finds_a_flipped_bit(tmp_path: Path, group: int) -> None:
    path = tmp_path / "a.parquet"
    data = bytearray(written([ticks(250)], path))
    assert list(parquet.check(path)) == []
    column = pq.read_metadata(path).row_group(group).column(1)
    last_byte_of_chunk = column.dictionary_page_offset + column.total_compressed_size - 1
    data[last_byte_of_chunk] ^= 1
    path.write_bytes(data)
    assert [problem.split(":")[0] for problem in parquet.check(path)] == [f"row group {group}"]


def test_check_finds_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(written([ticks(250)], path)[:-1])
    assert len(list(parquet.check(path))) == 1


def test_numbers_and_text_come_back_the_same_way(tmp_path: Path) -> None:
    frame = ticks(250)
    written([frame], tmp_path / "a.parquet")
    ranges = [(0, 1), (90, 30), (99, 151), (249, 1)]
    numbers = ["price", "timestamp", "strike", "note"]
    for columns in (numbers, [*numbers, "opt_type"]):
        tables = list(parquet.scan(tmp_path / "a.parquet", columns, ranges))
        for (first, rows), table in zip(ranges, tables, strict=True):
            assert table.column_names == columns
            wanted = frame.slice(first, rows).select(columns)
            found = pl.from_arrow(table)
            assert isinstance(found, pl.DataFrame)
            assert found.select(numbers).equals(wanted.select(numbers))


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    for rows in (250, 100):
        written([ticks(rows)], tmp_path / "new.parquet")
        (tmp_path / "new.parquet").replace(tmp_path / "a.parquet")
        (table,) = parquet.scan(tmp_path / "a.parquet", ["price"], [(0, rows)])
        assert table.num_rows == rows


RANGES = [(0, 3), (3, 2), (90, 30), (120, 1), (0, 250), (130, 5), (130, 5), (249, 1)]


@pytest.mark.parametrize(
    ("together", "queries"),
    [
        (6, [[0, 1], [2], [3], [4], [5], [6, 7]]),
        (10, [[0, 1], [2], [3], [4], [5, 6], [7]]),
        (1000, [[0, 1, 2, 3, 4, 5, 6, 7]]),
    ],
)
def test_short_ranges_are_read_by_one_query_and_no_more_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int, queries: list[list[int]]
) -> None:
    frame = ticks(250)
    written([frame], tmp_path / "a.parquet")
    asked: list[str] = []
    collect_all = pl.collect_all

    def recorded(frames: list[pl.LazyFrame], **options: Any) -> list[pl.DataFrame]:
        asked.append(pl.explain_all(frames, **options))
        return collect_all(frames, **options)

    monkeypatch.setattr(pl, "collect_all", recorded)
    monkeypatch.setattr(numeric_scan, "TOGETHER", together)
    tables = parquet.scan(tmp_path / "a.parquet", ["volume", "price"], RANGES)
    for (first, rows), table in zip(RANGES, tables, strict=True):
        wanted = frame.slice(first, rows)
        assert table.column("volume").to_pylist() == wanted["volume"].to_list()
        assert table.column("price").to_pylist() == wanted["price"].to_list()
    several = [query for query in queries if len(query) > 1]
    assert [plan.count("SLICE") for plan in asked] == [len(query) for query in several]
    assert "CACHE" not in "".join(asked), "Polars reads the whole file for ranges that share a scan"
