"""Sources that a newer version reads differently: their new reading never joins the old one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from tests.packing.raw_files import data_files, stored, write_raw_file

import tickloom
from tickloom import RawBatch, SourceOptions, Unit
from tickloom.host import get_host
from tickloom.packing.report import PackReport
from tickloom.store.writer import StoreWriter

TICKS = [(second, 100.0 + second, 10 * second) for second in range(6)]


def packed(store: Path, *sources: Path, **options: Any) -> PackReport:
    report = tickloom.pack(list(sources), store, executor="threads", workers=1, **options)
    assert report.rows_read == (
        report.rows_written + report.rows_duplicate + report.rows_quarantined
    )
    return report


class Version:
    """Another version of the reader ``nse-parquet``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def reads(self, version: str, change: Any) -> None:
        """From now on the reader's frames are changed so."""
        host = get_host()
        spec = next(offer.spec for offer in host.readers if offer.spec.name == "nse-parquet")

        def read(unit: Unit, options: SourceOptions) -> Iterator[Any]:
            for part in spec.read(unit, options):
                yield (
                    replace(part, frame=change(part.frame)) if isinstance(part, RawBatch) else part
                )

        newer = replace(spec, read=read, version=version)
        offers = host.readers._offers
        fresh = [replace(o, spec=newer) if o.spec.name == spec.name else o for o in offers]
        self._patch.setattr(host.readers, "_offers", fresh)


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> Version:
    return Version(monkeypatch)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for strike in (54000.0, 54100.0):
        write_raw_file(tmp_path / "raw", TICKS, strike=strike)
    return tmp_path / "raw"


def doubled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("price") * 2)


def labelled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.int_range(pl.len()).alias("row_label"))


def one_less(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.head(5)


@pytest.mark.parametrize("piece_rows", [25_000, 2])
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (lambda frame: frame, doubled, "5 of its rows are new|6 of its rows are new"),
        (labelled, lambda frame: frame, "6 of its rows are new"),
        (lambda frame: frame, one_less, "1 rows that the store has are not in it any more"),
    ],
)
def test_nothing_is_added_beside_the_old_reading(
    tmp_path: Path,
    raw: Path,
    version: Version,
    monkeypatch: pytest.MonkeyPatch,
    before: Any,
    after: Any,
    said: str,
    piece_rows: int,
) -> None:
    monkeypatch.setattr("tickloom.packing.workers.budget.ASSEMBLY_ROWS", piece_rows)
    store = tmp_path / "store"
    version.reads("older", before)
    packed(store, raw)
    old = data_files(store)
    monkeypatch.undo()
    version.reads("newer", after)
    new = write_raw_file(tmp_path / "more", TICKS, strike=54200.0)
    for _ in range(2):
        report = packed(store, raw, new)
        assert report.exit_code == 3
        assert len(report.quarantined) == 2
        for item in report.quarantined:
            assert "it is read differently than by the version" in item.reason
            assert any(text in item.reason for text in said.split("|"))
            assert "pack again with --replace" in item.reason
            assert item.reason.endswith(": 2025-08-01/BANKNIFTY")
        rows = stored(store)
        assert rows.filter(pl.col("strike") != 54200.0).height == 12
    assert old.keys() == data_files(store).keys()
    report = packed(store, raw, replace=True)
    assert report.exit_code == 0
    if before is not labelled:
        packed(tmp_path / "fresh", raw, new)
        assert data_files(store) == data_files(tmp_path / "fresh")
    assert packed(store, raw, new).sources_skipped == 3


def test_the_same_reading_by_another_version_is_taken_as_it_is(
    tmp_path: Path, raw: Path, version: Version
) -> None:
    store = tmp_path / "store"
    packed(store, raw)
    before = data_files(store)
    version.reads("newer", lambda frame: frame)
    report = packed(store, raw)
    assert (report.exit_code, report.rows_duplicate, report.partitions) == (0, 12, 0)
    assert data_files(store) == before
    assert packed(store, raw).sources_skipped == 2


def test_a_file_that_has_grown_meanwhile_is_taken(
    tmp_path: Path, raw: Path, version: Version
) -> None:
    store = tmp_path / "store"
    packed(store, raw)
    version.reads("newer", lambda frame: frame)
    write_raw_file(raw, [*TICKS, (9, 7.0, 99)])
    report = packed(store, raw)
    assert (report.exit_code, report.rows_written) == (0, 1)


def test_rows_that_leave_the_quarantine_are_taken(
    tmp_path: Path, raw: Path, version: Version
) -> None:
    store = tmp_path / "store"
    version.reads(
        "0",
        lambda frame: frame.with_columns(
            price=pl.when(pl.int_range(pl.len()) > 0).then("price").otherwise(-1.0)
        ),
    )
    assert packed(store, raw).rows_quarantined == 2
    version.reads(
        "1",
        lambda frame: frame.with_columns(
            price=pl.when(pl.col("price") > 0).then("price").otherwise(100.0)
        ),
    )
    report = packed(store, raw)
    assert (report.exit_code, report.rows_written, report.rows_duplicate) == (0, 2, 10)


def test_a_source_of_which_nothing_is_left_leaves_by_replace(
    tmp_path: Path, raw: Path, version: Version
) -> None:
    store = tmp_path / "store"
    packed(store, raw)
    version.reads("newer", lambda frame: frame.with_columns(volume=-1))
    assert packed(store, raw).exit_code == 3
    assert stored(store).height == 12
    assert packed(store, raw, replace=True).exit_code == 3
    assert not list(store.glob("*/*/part-*"))


def test_a_store_of_0_1_0_is_brought_up_to_date(
    tmp_path: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took negative volumes, and noted nothing of inputs and disagreements."""
    write_raw_file(raw, [(0, 1.0, 5), (1, 2.0, -(2**63)), (2, 3.0, 7)], strike=54300.0)
    store = tmp_path / "store"
    with monkeypatch.context() as old:
        old.setattr("tickloom.packing.sources.identity.PACK_VERSION", 1)
        old.setattr("tickloom.packing.rows.checks.QUANTITY_COLUMNS", ())
        old.setattr("tickloom.packing.rows.clean.QUANTITY_COLUMNS", ())
        assert packed(store, raw).rows_written == 15
    with StoreWriter.open(store) as writer:
        entries = list(writer.manifest.sources.values())
        writer.record_sources(msgspec.structs.replace(entry, inputs={}) for entry in entries)
    report = packed(store, raw)
    assert (report.exit_code, report.rows_written, stored(store).height) == (3, 0, 15)
    [held] = report.quarantined
    assert "1 rows that the store has are not in it any more" in held.reason
    assert packed(store, raw, replace=True).rows_quarantined == 1
    packed(tmp_path / "fresh", raw)
    assert data_files(store) == data_files(tmp_path / "fresh")
