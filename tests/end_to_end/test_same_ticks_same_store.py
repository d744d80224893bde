"""The same ticks give the same store, whether they come as Parquet, CSV or SQL."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from tests.readers.sql_dumps import create, values

import tickloom
from tickloom.schema import RAW_COLUMNS
from tickloom.synth import write_raw

SQL_TYPES = {"datetime": "datetime", "int64": "bigint", "int16": "smallint", "float32": "float"}
SQL_TYPES |= {"float64": "double", "symbol": "varchar(40)", "right": "enum('CE','PE')"}

MAPPING = """
symbol = "{contract}"
same_names = true
[extract]
file = '(?P<contract>[^/]+)\\.csv\\.gz$'
[clock]
columns = ["timestamp"]
zone = "UTC"
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two overlapping folders of Parquet files."""
    folder = tmp_path_factory.mktemp("same") / "parquet"
    write_raw(folder, seed=7, rows=4_000, days=2, strikes=3)
    return folder


def data_files(store: Path) -> dict[str, bytes]:
    files = sorted(store.glob("*/*/part-*"))
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def expected(raw: Path) -> dict[str, bytes]:
    tickloom.pack(raw, raw.with_name("store"), executor="threads")
    files = data_files(raw.with_name("store"))
    assert len(files) == 4
    return files


def test_csv_gives_the_same_bytes(raw: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """With its clocks in UTC, compressed, the contract in the file's name."""
    for path in sorted(raw.rglob("*.parquet")):
        frame = pl.read_parquet(path)
        clocks = pl.col(pl.Datetime) - pl.duration(hours=5, minutes=30)
        text = frame.with_columns(clocks).write_csv(datetime_format="%Y-%m-%d %H:%M:%S")
        target = tmp_path / "raw" / path.parent.name / f"{path.stem}.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        compress(target)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    report = tickloom.pack(
        tmp_path / "raw", tmp_path / "store", mapping=mapping, executor="threads"
    )
    assert report.quarantined == []
    assert data_files(tmp_path / "store") == expected


def test_sql_gives_the_same_bytes(raw: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """One dump a folder, one table a contract."""
    columns = {column.name: SQL_TYPES[column.type] for column in RAW_COLUMNS}
    (tmp_path / "raw").mkdir()
    for folder in sorted(raw.iterdir()):
        with (tmp_path / "raw" / f"{folder.name}.sql").open("w") as dump:
            for path in sorted(folder.iterdir()):
                rows = pl.read_parquet(path).rows()
                dump.write(create(path.stem, columns))
                dump.write(f"REPLACE INTO `{path.stem}` VALUES {values(rows)};\n")
        compress(tmp_path / "raw" / f"{folder.name}.sql")
    report = tickloom.pack(tmp_path / "raw", tmp_path / "store", executor="threads")
    assert report.quarantined == []
    assert data_files(tmp_path / "store") == expected


def compress(path: Path) -> None:
    """Put ``path.gz`` in the place of ``path``."""
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 1))
    path.unlink()
