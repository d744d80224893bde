"""The conformance kit for readers."""

from __future__ import annotations

import pickle
import shutil
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tickloom.host import get_host
from tickloom.packing.reading.parts import Part, one_by_one
from tickloom.schema import COMPUTED_COLUMNS, RAW_COLUMNS, polars_dtype
from tickloom.specs import (
    Ignored,
    RawBatch,
    RawRows,
    ReadError,
    ReaderSpec,
    Rejected,
    SourceOptions,
    Unit,
)
from tickloom.testing.comparison import first_difference

if TYPE_CHECKING:
    import polars as pl

RAW_TYPES = {column.name: column.type for column in RAW_COLUMNS}
COMPUTED_NAMES = {column.name for column in COMPUTED_COLUMNS}
FOREIGN_FILES = ("LICENSE", "README.md", ".DS_Store", "notes.doc")


class ReaderTests:
    """What the host expects of every reader. A subclass gives three fixtures: ``reader``,
    ``source`` and ``expected``; ``options`` where the reader needs a mapping file."""

    @pytest.fixture
    def reader(self) -> ReaderSpec:
        """The reader under test."""
        raise NotImplementedError("give a fixture 'reader' that returns the ReaderSpec")

    @pytest.fixture
    def source(self) -> Path:
        """A folder with a few small files of the vendor's; two contracts or more."""
        raise NotImplementedError("give a fixture 'source' that returns a folder of sample files")

    @pytest.fixture
    def expected(self) -> Mapping[str, pl.DataFrame]:
        """Trading symbol to its rows, in the vendor's order, with the columns worth checking.

        Worked out by hand, ``timestamp`` on the exchange's clock; never made by the reader.
        """
        raise NotImplementedError("give a fixture 'expected': symbol to the rows of 'source'")

    @pytest.fixture
    def options(self) -> SourceOptions:
        """What the user said beside the paths."""
        return SourceOptions()

    def test_it_states_its_zone_and_calendar(self, reader: ReaderSpec) -> None:
        assert reader.zone in zoneinfo.available_timezones(), (
            f"zone must be an IANA name such as 'Asia/Kolkata', found {reader.zone!r}"
        )
        get_host().calendars.known(reader.calendar)

    def test_worker_processes_can_call_it(
        self, reader: ReaderSpec, source: Path, options: SourceOptions
    ) -> None:
        for function in filter(None, (reader.discover, reader.read, reader.read_together)):
            _assert_picklable(function, "a module-level function")
        for unit in reader.discover(source, options):
            _assert_picklable(unit, "a Unit of plain values")

    def test_discovery_is_stable_and_stays_in_the_source(
        self, reader: ReaderSpec, source: Path, options: SourceOptions
    ) -> None:
        units = list(reader.discover(source, options))
        assert units, f"discover() must find the sample files in {source}, found nothing"
        assert units == list(reader.discover(source, options)), (
            "discover() must yield the same units in the same order every time"
        )
        paths = [path for unit in units for path in unit.paths]
        for path in paths:
            assert path.is_file(), f"a unit's paths must be files, found {path}"
            assert path.is_relative_to(source), f"expected files below {source}, found {path}"
        assert len(units) == len({unit.paths + unit.detail for unit in units}), (
            "two units of the same files and detail would be read twice"
        )

    def test_foreign_files_are_not_claimed(
        self, reader: ReaderSpec, source: Path, options: SourceOptions, tmp_path_factory: Tmp
    ) -> None:
        copy = _copy(source, tmp_path_factory)
        claimed = len(list(reader.discover(copy, options)))
        for name in FOREIGN_FILES:
            (copy / name).write_text("not a tick in here\n")
        again = list(reader.discover(copy, options))
        assert len(again) == claimed, (
            f"discover() must leave {', '.join(FOREIGN_FILES)} alone; "
            f"expected {claimed} units, found {len(again)}"
        )

    def test_rows_are_the_vendors(
        self,
        reader: ReaderSpec,
        source: Path,
        options: SourceOptions,
        expected: Mapping[str, pl.DataFrame],
    ) -> None:
        _assert_rows(expected, _frames(_read_all(reader, source, options)))

    def test_units_together_are_what_they_are_alone(
        self, reader: ReaderSpec, source: Path, options: SourceOptions
    ) -> None:
        from polars.testing import assert_frame_equal, assert_series_equal

        if reader.read_together is None:
            return
        units = list(reader.discover(source, options))
        seen: set[int] = set()
        for place, parts in reader.read_together(units, options):
            assert place in set(range(len(units))) - seen, (
                f"read_together() must give each unit at most once, by its place among the "
                f"{len(units)} given; found {place!r} after {sorted(seen)}"
            )
            seen.add(place)
            alone = list(reader.read(units[place], options))
            for one, other in zip(parts, alone, strict=True):
                assert isinstance(other, RawRows), (
                    "read_together() must leave out what read() does not give as RawRows alone; "
                    f"found {type(other).__name__}"
                )
                assert_frame_equal(one.frame, other.frame)
                assert_series_equal(one.symbols, other.symbols, check_names=False)

    def test_batches_are_bounded(
        self,
        reader: ReaderSpec,
        source: Path,
        options: SourceOptions,
        expected: Mapping[str, pl.DataFrame],
    ) -> None:
        small = replace(options, batch_rows=2)
        batches = _read_all(reader, source, small)
        largest = max(batch.frame.height for batch in batches)
        assert largest <= 2, f"options.batch_rows is 2, found a batch of {largest} rows"
        _assert_rows(expected, _frames(batches))

    def test_timestamps_are_a_wall_clock_without_zone(
        self, reader: ReaderSpec, source: Path, options: SourceOptions
    ) -> None:
        import polars as pl

        for batch in _read_all(reader, source, options):
            assert "timestamp" in batch.frame.columns, f"{batch.symbol} has no column 'timestamp'"
            dtype = batch.frame.schema["timestamp"]
            assert isinstance(dtype, pl.Datetime), f"timestamp must be Datetime, found {dtype}"
            assert dtype.time_zone is None, (
                f"timestamp must be the wall clock of {reader.zone} without a zone, "
                f"found the zone {dtype.time_zone}"
            )

    def test_columns_fit_the_store(
        self, reader: ReaderSpec, source: Path, options: SourceOptions
    ) -> None:
        for batch in _read_all(reader, source, options):
            taken = COMPUTED_NAMES & set(batch.frame.columns)
            assert not taken, f"the store computes {sorted(taken)} itself; give other names"
            _stored_types(batch.frame)

    def test_contracts_are_known(
        self, reader: ReaderSpec, source: Path, options: SourceOptions
    ) -> None:
        batches = _read_all(reader, source, options)
        symbols = sorted({batch.symbol for batch in batches if batch.contract is None})
        calendar = get_host().calendars.known(reader.calendar).load(None)
        for reading in calendar.read_names(symbols, reader.dialect):
            assert reading.contract is not None, (
                f"calendar {reader.calendar!r} cannot read {reading.symbol!r}: {reading.error}; "
                "set RawBatch.contract, or the reader's dialect"
            )

    @pytest.mark.parametrize("share", [0.0, 0.5])
    def test_a_damaged_file_is_rejected_or_read_in_part(
        self,
        reader: ReaderSpec,
        source: Path,
        options: SourceOptions,
        tmp_path_factory: Tmp,
        share: float,
    ) -> None:
        whole = sum(batch.frame.height for batch in _read_all(reader, source, options))
        copy = _copy(source, tmp_path_factory)
        paths = [path for unit in reader.discover(copy, options) for path in unit.paths]
        for path in dict.fromkeys(paths):
            path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        rows = 0
        for unit in _discover_damaged(reader, copy, options):
            try:
                rows += sum(
                    item.frame.height
                    for item in one_by_one(reader.read(unit, options))
                    if isinstance(item, RawBatch)
                )
            except ReadError:
                continue
            except Exception as error:
                raise AssertionError(
                    f"a file cut to {share:.0%} must raise ReadError or yield Rejected; "
                    f"found {type(error).__name__}: {error}"
                ) from error
        assert rows < whole, f"files cut to {share:.0%} cannot hold all {whole} rows"


Tmp = pytest.TempPathFactory


def _discover_damaged(reader: ReaderSpec, source: Path, options: SourceOptions) -> Iterator[Unit]:
    try:
        yield from reader.discover(source, options)
    except Exception as error:
        raise AssertionError(
            "discover() must claim files without reading them whole, damaged ones too; "
            f"found {type(error).__name__}: {error}"
        ) from error


def _copy(source: Path, tmp_path_factory: Tmp) -> Path:
    copy = tmp_path_factory.mktemp("damaged") / source.name
    shutil.copytree(source, copy)
    return copy


def _read_all(reader: ReaderSpec, source: Path, options: SourceOptions) -> list[RawBatch]:
    batches = []
    for unit in reader.discover(source, options):
        for item in one_by_one(_bounded(reader.read(unit, options), options.batch_rows)):
            assert not isinstance(item, Rejected), f"sample file {item.path}: {item.reason}"
            if not isinstance(item, Ignored):
                batches.append(item)
    return batches


def _bounded(parts: Iterable[Part], most: int) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, RawRows):
            rows = part.frame.height
            assert rows <= most, f"options.batch_rows is {most}, found RawRows of {rows} rows"
        yield part


def _frames(batches: list[RawBatch]) -> dict[str, pl.DataFrame]:
    """Symbol to all its rows, in the order in which they came."""
    import polars as pl

    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        frames.setdefault(batch.symbol, []).append(_stored_types(batch.frame))
    return {symbol: pl.concat(parts, how="diagonal") for symbol, parts in frames.items()}


def _assert_rows(expected: Mapping[str, pl.DataFrame], found: Mapping[str, pl.DataFrame]) -> None:
    assert sorted(found) == sorted(expected), (
        f"expected the symbols {sorted(expected)}, found {sorted(found)}"
    )
    for symbol, rows in expected.items():
        assert "timestamp" in rows.columns, f"expected[{symbol!r}] needs a column 'timestamp'"
        missing = set(rows.columns) - set(found[symbol].columns)
        assert not missing, f"{symbol}: expected the columns {sorted(missing)} too"
        difference = first_difference(_stored_types(rows), found[symbol].select(rows.columns))
        assert not difference, f"{symbol}: {difference}"


def _stored_types(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the store's types where a column has one; text stays text."""
    import polars as pl

    types = {
        name: polars_dtype(RAW_TYPES[name])
        for name in frame.columns
        if name in RAW_TYPES and RAW_TYPES[name] != "symbol"
    }
    try:
        return frame.cast(types)  # type: ignore[arg-type]
    except pl.exceptions.PolarsError as error:
        raise AssertionError(
            f"raw columns must be castable to the store's types: {error}"
        ) from error


def _assert_picklable(thing: object, wanted: str) -> None:
    try:
        back = pickle.loads(pickle.dumps(thing))
    except Exception as error:
        raise AssertionError(
            f"worker processes need {wanted}; found {thing!r}, which cannot be pickled: {error}"
        ) from error
    assert back == thing, f"{thing!r} is another thing after pickling"
