"""The reader kit catches planted faults, each for the right reason."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tickloom import RawBatch, RawRows, ReadError, ReaderSpec, SourceOptions, Unit
from tickloom.testing import ReaderTests

KIT = ReaderTests()
OPTIONS = SourceOptions()
SYMBOLS = ("banknifty25jan50000ce", "banknifty25jan50100pe")
OPENING = dt.datetime(2025, 1, 2, 9, 15)


def discover(source: Path, options: SourceOptions) -> Iterator[Unit]:
    for path in sorted(source.rglob("*.ticks")):
        yield Unit(paths=(path,), name=path.stem)


def read(unit: Unit, options: SourceOptions) -> Iterator[RawBatch]:
    lines = unit.paths[0].read_text().splitlines()
    if not lines or lines[-1] != "end":
        raise ReadError(f"{unit.paths[0]} does not end with 'end'")
    rows = [line.split(",") for line in lines[:-1]]
    for start in range(0, len(rows), options.batch_rows):
        part = rows[start : start + options.batch_rows]
        stamps = [OPENING + dt.timedelta(seconds=int(row[0])) for row in part]
        prices = [float(row[1]) for row in part]
        frame = pl.DataFrame({"timestamp": stamps, "price": prices})
        yield RawBatch(frame=frame, symbol=unit.name)


GOOD = ReaderSpec(
    name="lines", summary="s", zone="Asia/Kolkata", calendar="nse", discover=discover, read=read
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "vendor"
    folder.mkdir()
    for symbol in SYMBOLS:
        (folder / f"{symbol}.ticks").write_text("0,10\n0,11\n1,10\n3,12.5\n4,9\nend\n")
    return folder


@pytest.fixture
def expected() -> dict[str, pl.DataFrame]:
    stamps = [OPENING + dt.timedelta(seconds=s) for s in (0, 0, 1, 3, 4)]
    rows = pl.DataFrame({"timestamp": stamps, "price": [10.0, 11, 10, 12.5, 9]})
    return dict.fromkeys(SYMBOLS, rows)


Rows = dict[str, pl.DataFrame]


def changing(change: Any) -> ReaderSpec:
    """The good reader with every frame changed."""

    def read_changed(unit: Unit, options: SourceOptions) -> Iterator[RawBatch]:
        for batch in read(unit, options):
            yield replace(batch, frame=change(batch.frame))

    return replace(GOOD, read=read_changed)


class TestGood(ReaderTests):
    """The good reader, and the fixtures as a plugin author gives them."""

    @pytest.fixture
    def reader(self) -> ReaderSpec:
        return GOOD

    @pytest.fixture
    def source(self, source: Path) -> Path:
        return source

    @pytest.fixture
    def expected(self, expected: Rows) -> Rows:
        return expected


def test_a_lost_row(source: Path, expected: Rows) -> None:
    reader = changing(lambda frame: frame.head(-1))
    with pytest.raises(AssertionError, match="expected 5 rows, found 4; the first 4 are equal"):
        KIT.test_rows_are_the_vendors(reader, source, OPTIONS, expected)


def test_a_doubled_row(source: Path, expected: Rows) -> None:
    reader = changing(lambda frame: pl.concat([frame, frame.tail(1)]))
    with pytest.raises(AssertionError, match="expected 5 rows, found 6"):
        KIT.test_rows_are_the_vendors(reader, source, OPTIONS, expected)


def test_reordered_rows(source: Path, expected: Rows) -> None:
    """Sorted by time and price, as a well-meant sort would: the vendor's order is lost."""
    reader = changing(lambda frame: frame.sort("timestamp", "price", descending=[False, True]))
    with pytest.raises(AssertionError, match=r"row 0, column 'price': expected 10\.0, found 11\.0"):
        KIT.test_rows_are_the_vendors(reader, source, OPTIONS, expected)


def test_a_lost_contract(source: Path, expected: Rows) -> None:
    first_alone = replace(GOOD, discover=lambda s, o: itertools.islice(discover(s, o), 1))
    with pytest.raises(AssertionError, match="expected the symbols"):
        KIT.test_rows_are_the_vendors(first_alone, source, OPTIONS, expected)


def test_a_wrong_clock(source: Path, expected: Rows) -> None:
    reader = changing(lambda f: f.with_columns(pl.col("timestamp").dt.offset_by("-5h30m")))
    with pytest.raises(AssertionError, match=r"'timestamp': expected .*9, 15\), found .*3, 45\)"):
        KIT.test_rows_are_the_vendors(reader, source, OPTIONS, expected)


def test_a_zone_in_the_timestamps(source: Path) -> None:
    reader = changing(
        lambda f: f.with_columns(pl.col("timestamp").dt.replace_time_zone("Asia/Kolkata"))
    )
    with pytest.raises(AssertionError, match="without a zone, found the zone Asia/Kolkata"):
        KIT.test_timestamps_are_a_wall_clock_without_zone(reader, source, OPTIONS)


def test_epoch_numbers_for_timestamps(source: Path) -> None:
    reader = changing(lambda f: f.with_columns(pl.col("timestamp").dt.epoch("s")))
    with pytest.raises(AssertionError, match="timestamp must be Datetime, found Int64"):
        KIT.test_timestamps_are_a_wall_clock_without_zone(reader, source, OPTIONS)


def chain(unit: Unit, _options: SourceOptions) -> Iterator[RawRows]:
    """A file of two contracts, whatever is in it."""
    frame = pl.DataFrame({"timestamp": [dt.datetime(2025, 1, 2, 9, 15)] * 2, "price": [1.0, 2.0]})
    yield RawRows(frame=frame, symbols=pl.Series(list(SYMBOLS)[:2]))


def test_units_together_that_are_others_than_alone(source: Path) -> None:
    def together(units: Any, options: SourceOptions) -> Iterator[tuple[int, list[RawRows]]]:
        for place, unit in enumerate(units):
            [rows] = chain(unit, options)
            yield place, [replace(rows, frame=rows.frame.with_columns(pl.col("price") + place))]

    reader = replace(GOOD, read=chain, read_together=together)
    with pytest.raises(AssertionError, match="price"):
        KIT.test_units_together_are_what_they_are_alone(reader, source, OPTIONS)


def test_units_together_that_are_given_twice(source: Path) -> None:
    def together(units: Any, options: SourceOptions) -> Iterator[tuple[int, list[RawRows]]]:
        for _ in range(2):
            yield 0, list(chain(units[0], options))

    reader = replace(GOOD, read=chain, read_together=together)
    with pytest.raises(AssertionError, match="at most once"):
        KIT.test_units_together_are_what_they_are_alone(reader, source, OPTIONS)


def test_units_together_that_read_rejects(source: Path) -> None:
    def together(units: Any, options: SourceOptions) -> Iterator[tuple[int, list[RawRows]]]:
        yield 0, list(chain(units[0], options))

    reader = replace(GOOD, read_together=together)
    with pytest.raises(AssertionError, match="must leave out"):
        KIT.test_units_together_are_what_they_are_alone(reader, source, OPTIONS)


def test_unbounded_batches(source: Path, expected: Rows) -> None:
    reader = replace(GOOD, read=lambda unit, options: read(unit, OPTIONS))
    with pytest.raises(AssertionError, match="batch_rows is 2, found a batch of 5"):
        KIT.test_batches_are_bounded(reader, source, OPTIONS, expected)


def test_rows_lost_between_batches(source: Path, expected: Rows) -> None:
    def every_second(unit: Unit, options: SourceOptions) -> Iterator[RawBatch]:
        yield from itertools.islice(read(unit, options), 0, None, 2)

    with pytest.raises(AssertionError, match="expected 5 rows, found 3"):
        KIT.test_batches_are_bounded(replace(GOOD, read=every_second), source, OPTIONS, expected)


def test_functions_that_cannot_be_pickled(source: Path) -> None:
    reader = replace(GOOD, read=lambda unit, options: read(unit, options))
    with pytest.raises(AssertionError, match="worker processes need a module-level function"):
        KIT.test_worker_processes_can_call_it(reader, source, OPTIONS)


def test_unstable_discovery(source: Path) -> None:
    turns = itertools.count()

    def unstable(source: Path, options: SourceOptions) -> list[Unit]:
        return sorted(discover(source, options), key=str, reverse=next(turns) % 2 == 1)

    with pytest.raises(AssertionError, match="same order every time"):
        KIT.test_discovery_is_stable_and_stays_in_the_source(
            replace(GOOD, discover=unstable), source, OPTIONS
        )


def test_a_unit_that_comes_twice(source: Path) -> None:
    def twice(source: Path, options: SourceOptions) -> list[Unit]:
        return [*discover(source, options), *discover(source, options)]

    with pytest.raises(AssertionError, match="read twice"):
        KIT.test_discovery_is_stable_and_stays_in_the_source(
            replace(GOOD, discover=twice), source, OPTIONS
        )


def test_claims_on_foreign_files(source: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    def everything(source: Path, options: SourceOptions) -> list[Unit]:
        return [Unit(paths=(p,), name=p.stem) for p in sorted(source.rglob("*")) if p.is_file()]

    with pytest.raises(AssertionError, match="expected 2 units, found 6"):
        KIT.test_foreign_files_are_not_claimed(
            replace(GOOD, discover=everything), source, OPTIONS, tmp_path_factory
        )


def test_a_crash_on_a_damaged_file(source: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    def careless(unit: Unit, options: SourceOptions) -> Iterator[RawBatch]:
        assert unit.paths[0].read_text().splitlines()[-1] == "end"
        yield from read(unit, options)

    with pytest.raises(AssertionError, match=r"cut to 0% must raise ReadError.*IndexError"):
        KIT.test_a_damaged_file_is_rejected_or_read_in_part(
            replace(GOOD, read=careless), source, OPTIONS, tmp_path_factory, 0.0
        )


def test_a_name_that_the_calendar_cannot_read(source: Path) -> None:
    def renamed(unit: Unit, options: SourceOptions) -> Iterator[RawBatch]:
        for batch in read(unit, options):
            yield replace(batch, symbol="token-1234")

    with pytest.raises(AssertionError, match="cannot read 'token-1234'"):
        KIT.test_contracts_are_known(replace(GOOD, read=renamed), source, OPTIONS)


def test_text_where_numbers_belong(source: Path) -> None:
    reader = changing(lambda f: f.with_columns(price=pl.lit("ten")))
    with pytest.raises(AssertionError, match="castable to the store's types"):
        KIT.test_columns_fit_the_store(reader, source, OPTIONS)


def test_a_computed_column(source: Path) -> None:
    reader = changing(lambda f: f.with_columns(expiry=pl.lit(dt.date(2025, 1, 30))))
    with pytest.raises(AssertionError, match="the store computes \\['expiry'\\] itself"):
        KIT.test_columns_fit_the_store(reader, source, OPTIONS)


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(AssertionError, match="IANA name such as 'Asia/Kolkata', found 'IST'"):
        KIT.test_it_states_its_zone_and_calendar(replace(GOOD, zone="IST"))
