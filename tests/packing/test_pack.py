"""From raw files to a store, through the public function and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import tickloom
from tickloom.cli.pack import command
from tickloom.schema import STORED_COLUMNS, polars_schema
from tickloom.synth import write_raw


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "raw"
    write_raw(folder, seed=3, rows=20_000, days=3, strikes=3)
    return folder


@pytest.fixture(scope="module")
def store(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "store"
    tickloom.pack(raw, path, executor="threads")
    return path


def data_files(store: Path) -> dict[str, bytes]:
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in sorted(store.glob("*/*/part-*"))
    }


def test_every_file_has_the_58_columns_in_order(store: Path) -> None:
    files = sorted(store.glob("*/*/part-*"))
    assert len(files) == 6
    for path in files:
        assert pl.read_parquet_schema(path) == polars_schema(STORED_COLUMNS)
        frame = pl.read_parquet(path)
        assert frame.equals(
            frame.sort("expiry", "opt_type", "strike", "timestamp", maintain_order=True)
        )


def test_counts_add_up(raw: Path, tmp_path: Path) -> None:
    report = tickloom.pack(raw, tmp_path / "store", executor="threads")
    assert report.rows_duplicate > 0
    assert report.rows_read == report.rows_written + report.rows_duplicate
    stored = sum(
        pl.scan_parquet(p).select(pl.len()).collect().item()
        for p in (tmp_path / "store").glob("*/*/*.parquet")
    )
    assert report.rows_written == stored


def test_processes_write_the_same_bytes_as_threads(raw: Path, store: Path, tmp_path: Path) -> None:
    tickloom.pack(raw, tmp_path / "store", executor="processes", workers=2)
    assert data_files(tmp_path / "store") == data_files(store)


def test_command_prints_the_documented_keys(raw: Path, tmp_path: Path) -> None:
    arguments = [str(raw), str(tmp_path / "store"), "--executor", "threads", "--json"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    found = json.loads(result.stdout)
    assert list(found) == [
        "files", "rows_read", "rows_written", "rows_duplicate", "rows_quarantined",
        "rows_conflicting", "partitions",
        "sources_skipped", "files_ignored", "files_empty", "bytes_in", "bytes_out", "quarantined",
        "elapsed_s",
        "rows_per_s",
    ]  # fmt: skip
    assert found["rows_read"] == found["rows_written"] + found["rows_duplicate"]


def test_summary_names_bytes_and_ratio(raw: Path, tmp_path: Path) -> None:
    arguments = [str(raw), str(tmp_path / "store"), "--executor", "threads"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "in," in result.stdout
    assert "x smaller" in result.stdout
