"""What pandas writes beside a vendor's columns is no part of a row, by whatever way it came."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.readers.reading import read_all
from tests.readers.sql_dumps import create

import tickloom
from tickloom import SourceOptions
from tickloom.store.api import open_store
from tickloom_plugins.readers.nse_parquet import NSE_PARQUET
from tickloom_plugins.readers.nse_sql import NSE_SQL

NAME = "nifty25nov25500pe"


def ticks(rows: int = 12) -> pd.DataFrame:
    stamps = pd.date_range("2025-11-03 09:20", periods=rows, freq="s")
    return pd.DataFrame(
        {
            "timestamp": stamps.astype("datetime64[us]"),
            "price": [80.0 + i for i in range(rows)],
            "volume": range(0, 75 * rows, 75),
        }
    )


def columns(path: Path) -> list[str]:
    [unit] = NSE_PARQUET.discover(path, SourceOptions())
    [batch] = NSE_PARQUET.read(unit, SourceOptions())
    assert isinstance(batch, tickloom.RawBatch)
    return batch.frame.columns


@pytest.mark.parametrize("label", [None, "row", "Date"])
def test_copies_cut_from_longer_frames_are_equal(tmp_path: Path, label: str | None) -> None:
    for folder, shift in (("a", 7), ("b", 4_000)):
        frame = ticks()
        frame.index = pd.Index(frame.index + shift, name=label)
        frame = frame[frame.index != shift + 5]  # a filter: no longer a range
        (tmp_path / folder).mkdir()
        frame.to_parquet(tmp_path / folder / f"{NAME}.parquet")
    assert len(pq.read_schema(tmp_path / "a" / f"{NAME}.parquet").names) == 4
    report = tickloom.pack([tmp_path / "a", tmp_path / "b"], tmp_path / "store", executor="threads")
    assert (report.rows_written, report.rows_duplicate, report.exit_code) == (11, 11, 0)
    assert open_store(tmp_path / "store").manifest.columns == ()


def test_labels_of_several_levels_go_and_the_stores_own_columns_stay(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.parquet"
    several = ticks().assign(block=1).set_index(["timestamp", "block"], append=True)
    several.to_parquet(path)
    assert sorted(columns(path)) == ["price", "timestamp", "volume"]


def test_the_next_writer_keeps_what_pandas_called_its_labels(tmp_path: Path) -> None:
    frame = pl.from_pandas(ticks())
    path = tmp_path / f"{NAME}.parquet"
    labels = pl.Series(range(12))
    frame.with_columns(labels.alias("__index_level_0__")).write_parquet(path)
    assert columns(path) == frame.columns
    frame.with_columns(labels.alias("Unnamed: 0"), labels.alias("Unnamed: 0.1")).write_parquet(path)
    assert columns(path) == frame.columns
    # Text below a header without a name is somebody's data.
    frame.with_columns(labels.cast(pl.String).alias("Unnamed: 0")).write_parquet(path)
    assert columns(path) == [*frame.columns, "Unnamed: 0"]


def test_files_of_equal_columns_may_have_other_labels(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.parquet"
    frame = ticks().assign(no=range(12))
    frame.set_index("no").to_parquet(path)
    assert "no" not in columns(path)
    frame[["timestamp", "price", "volume", "no"]].to_parquet(path)
    assert "no" in columns(path)


def test_a_table_that_pandas_wrote_has_labels_too(tmp_path: Path) -> None:
    made = {"index": "bigint", "timestamp": "datetime", "price": "double"}
    rows = f"INSERT INTO `{NAME}` VALUES (7,'2025-11-03 09:15:00',1.5);"
    path = tmp_path / "dump.sql"
    path.write_text(create(NAME, made, more=f",\n  KEY `ix_{NAME}_index` (`index`)") + rows)
    assert sorted(read_all(NSE_SQL, path).rows[NAME][0]) == ["price", "timestamp"]
    path.write_text(create(NAME, made) + rows)  # the vendor's own
    assert sorted(read_all(NSE_SQL, path).rows[NAME][0]) == ["index", "price", "timestamp"]
