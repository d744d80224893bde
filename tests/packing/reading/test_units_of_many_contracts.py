"""A file of many contracts: one that cannot be read costs its own rows, not the file's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from tests.packing.raw_files import write_raw_file

import tickloom
from tickloom.packing.bins.bin import Block
from tickloom.packing.bins.file import BinFile, Part

MAPPING = """
symbol = "{sym}"
clock = { columns = ["at"], zone = "Asia/Kolkata" }
columns = { price = "px", volume = "vol" }
"""
LINES = """at,sym,px,vol
2025-08-01 09:15:00,BANKNIFTY25AUG54000CE,1.5,1
2025-08-01 09:15:00,BANKNIFTY,54000.0,0
2025-08-01 09:15:01,BANKNIFTY25AUG54000PE,2.5,2
2025-08-01 09:15:02,BANKNIFTY,54001.0,0
"""


def test_unreadable_symbol_costs_its_own_rows(tmp_path: Path) -> None:
    (tmp_path / "ticks.csv").write_text(LINES)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    store = tmp_path / "store"
    report = tickloom.pack(tmp_path / "ticks.csv", store, mapping=mapping, executor="threads")
    assert (report.rows_read, report.rows_written, report.rows_quarantined) == (4, 2, 2)
    [bad] = report.quarantined
    assert bad.reason.startswith("BANKNIFTY: ")
    [file] = store.glob("*/*/part-*")
    assert pl.read_parquet(file)["price"].to_list() == [1.5, 2.5]
    [kept] = (store / "_tickloom/quarantine").rglob("*.parquet")
    assert pl.read_parquet(kept)["price"].to_list() == [54000.0, 54001.0]


def test_only_files_of_one_contract_share_blocks_of_bins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in order of time spreads each contract over all of its blocks: each would be kept by
    the rows of all contracts."""
    calls: list[bool] = []
    append = BinFile.append

    def noted(
        self: BinFile, table: pa.Table, parts: Sequence[Part], *, shared: bool
    ) -> list[tuple[Block, int]]:
        calls.append(shared)
        return append(self, table, parts, shared=shared)

    monkeypatch.setattr(BinFile, "append", noted)
    (tmp_path / "ticks.csv").write_text(LINES)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    one = tmp_path / "BANKNIFTY25AUG54000CE.csv"
    one.write_text(LINES.replace("PE", "CE"))
    monkeypatch.setattr("tickloom_plugins.readers.text_rows.ROWS_OF_ONE", 0)
    for source, expected in ((tmp_path / "ticks.csv", [False, False]), (one, [False])):
        mapping = tmp_path / "mapping.toml"
        tickloom.pack(source, tmp_path / "store", mapping=mapping, executor="threads")
        assert calls == expected
        calls.clear()
    write_raw_file(tmp_path / "raw", [(0, 1.0, 1)])
    tickloom.pack(tmp_path / "raw", tmp_path / "store", executor="threads")
    assert calls == [True]
