"""What a worker does with a unit: read, transform, check, and spill by day and contract."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tickloom.contracts import Contract
from tickloom.errors import PluginError
from tickloom.host import get_host
from tickloom.packing.bins.bin import Bin, Segment
from tickloom.packing.bins.file import BinFile, compact
from tickloom.packing.bins.file import Part as BinPart
from tickloom.packing.bins.space import BinPlace
from tickloom.packing.reading.evidence import Evidence, gather
from tickloom.packing.reading.known_names import known_names
from tickloom.packing.reading.many import ManyContracts
from tickloom.packing.reading.names import Named, Names
from tickloom.packing.reading.parts import Part, check_part, one_by_one, rows_of
from tickloom.packing.reading.rejected import RejectedRows
from tickloom.packing.reading.series import series_batches
from tickloom.packing.rows.checks import split_rows
from tickloom.packing.rows.clean import Batch, canonical, crossed_quotes, is_open
from tickloom.packing.rows.days import by_day
from tickloom.packing.rows.own_expiry import without_expiry
from tickloom.packing.rows.transforms import apply_all, batch_transforms
from tickloom.packing.sources.identity import look_at, with_digests
from tickloom.packing.sources.stamps import step_of
from tickloom.packing.sources.units import UnitResult, UnitTask
from tickloom.packing.workers.calendars import load_calendar
from tickloom.schema import COMPUTED_NAMES, STORED_NAMES
from tickloom.specs import (
    ContractSlice,
    Ignored,
    PartitionContext,
    RawBatch,
    RawRows,
    ReadError,
    ReaderSpec,
    Rejected,
    SourceOptions,
)
from tickloom.store.layout import PartitionKey, key_of

if TYPE_CHECKING:
    import polars as pl


LARGEST_EXACT: Final = 2**53
"""Beyond it, not every integer has a float64."""


class ReadTask(NamedTuple):
    """Units for one worker to read."""

    units: tuple[UnitTask, ...]
    """The units."""

    options: SourceOptions
    """What the user said about the sources."""

    calendar_file: Path | None
    """The file of ``--calendar``."""

    bins: BinPlace
    """File of bins to write."""

    rejected: Path
    """Folder for rejected rows."""

    @property
    def label(self) -> str:
        """What a user knows it by."""
        more = f" and {len(self.units) - 1:,} more" if len(self.units) > 1 else ""
        return f"{self.units[0].unit.paths[0]}{more}, by reader {self.units[0].reader}"


class OneUnit:
    """The reading of one unit."""

    def __init__(
        self,
        task: UnitTask,
        group: ReadTask,
        bins: BinFile,
        many: dict[tuple[str, str], ManyContracts],
    ) -> None:
        """``many`` holds, by reader and dialect, the rows of many contracts of all units of the
        ``group``."""
        self._reader = task.reader
        self._many = many
        self._contracts: dict[tuple[str, Contract | None], Named] = {}
        self.unit = task.unit
        self.options = replace(group.options, mapping=task.mapping)
        self.spec: ReaderSpec = get_host().readers.get(task.reader)
        self._calendar = load_calendar(self.spec.calendar, group.calendar_file)
        self._reading = task.reading
        readings = {task.reading.symbol: task.reading} if task.reading else {}
        self._names = Names(
            self._calendar, task.dialect or self.spec.dialect, readings, bool(task.dialect)
        )
        self._bins = bins
        self._compressed = group.bins.compress
        self._rejected = RejectedRows(group.rejected / f"rejected-{task.number}")
        self.result = UnitResult(task.number, task.unit.paths[0])
        self._found: dict[tuple[PartitionKey, Contract], Bin] = {}
        self._known: Mapping[str, Evidence] | None = None
        self._given: Iterable[RawRows] | None = None
        self._parts = self._read_parts()

    def read(self, given: Iterable[RawRows] | None = None) -> None:
        """Read it whole, or take what its reader has ``given`` of it already; whatever is wrong
        with it ends up in the result."""
        self._given = given
        result = self.result
        try:
            result.files = with_digests(look_at(self.unit))
            self._read()
        except ReadError as error:
            self.fail(error)
        except OSError as error:
            self._reject_whole(f"expected a readable file; found: {error.strerror or error}")

    def fail(self, error: ReadError) -> None:
        """Quarantine the whole unit."""
        self._count_rest()
        # Shown beside the path, which many readers begin their messages with.
        self._reject_whole(str(error).removeprefix(f"{self.result.path}: "))

    def finish(self) -> UnitResult:
        """What became of it, once all its rows are taken."""
        if self.result.taken:
            self.result.bins = list(self._found.values())
            self.result.rejected = self._rejected.finish()
        return self.result

    def _read(self) -> None:
        for part in self._parts:
            self.result.rows += rows_of(part)
            if isinstance(part, RawBatch | RawRows):
                self.result.stamp_step = step_of(part.frame, self.result.stamp_step)
            if isinstance(part, Ignored):
                self.result.ignored += 1
            elif isinstance(part, Rejected):
                self._rejected.add_part(part.path, part.reason, part.rows, part.frame)
            elif isinstance(part, RawRows):
                self._chain(part.dialect).add(self, part)
            elif part.frame.height:
                self.take_batch(part)
        self.result.empty = not (self.result.rows or self._rejected or self.result.ignored)

    def _chain(self, dialect: str) -> ManyContracts:
        """Where rows of many contracts go whose symbols are written in ``dialect``."""
        if self._names.is_said or not dialect:
            dialect = self._names.dialect
        if (self._reader, dialect) not in self._many:
            calendar = self._calendar
            self._many[self._reader, dialect] = ManyContracts(
                known_names(calendar, dialect),
                lambda day: is_open(day, calendar),
                self._bins,
                self._compressed,
            )
        return self._many[self._reader, dialect]

    def take_batch(self, batch: RawBatch) -> None:
        """Take a batch of one contract, or quarantine it; raises :class:`ReadError` where that is
        the whole unit."""
        if batch.contract is None or batch.contract.instrument == "option":
            self._take_one(batch)
            return
        try:
            parts = list(series_batches(batch, self._calendar))
        except ReadError as error:
            self._refuse(batch, error)
            return
        for part in parts:
            self._take_one(part)

    def _take_one(self, batch: RawBatch) -> None:
        try:
            key = batch.symbol, batch.contract
            if key not in self._contracts:
                found = self._names.contract(batch, self._evidence)
                self._contracts[key] = found
                self.result.resolved += [found.note] if found.note else []
            self._take(batch, self._contracts[key])
        except ReadError as error:
            self._refuse(batch, error)

    def _refuse(self, batch: RawBatch, error: ReadError) -> None:
        """Quarantine the batch; where the unit is one contract, that is the whole unit."""
        if batch.symbol == self.unit.name:
            raise error
        reason = f"{batch.symbol}: {error}"
        self._rejected.add_part(self.unit.paths[0], reason, batch.frame.height, batch.frame)

    def _count_rest(self) -> None:
        """All rows of a unit that is rejected are accounted for, not only those until then."""
        with suppress(ReadError, OSError):
            self.result.rows += sum(map(rows_of, self._parts))

    def _read_parts(self) -> Iterator[Part]:
        """What the reader yields; its own failures are the unit's."""
        parts: Iterator[Any] | None = None
        while True:
            try:
                if parts is None:
                    given = self._given
                    parts = iter(
                        self.spec.read(self.unit, self.options) if given is None else given
                    )
                part = next(parts)
                check_part(part)
            except StopIteration:
                return
            except (ReadError, OSError, KeyboardInterrupt):
                raise
            except BaseException as error:  # SystemExit, GeneratorExit and Polars' panics too
                raise failed(self.spec, error) from error
            yield part

    def _evidence(self) -> Mapping[str, Evidence]:
        """What the unit's rows say about the contracts that they are of, by symbol: read once more,
        and once only, for names with several readings."""
        if self._known is None:
            self._known = gather(one_by_one(self.spec.read(self.unit, self.options)))
        return self._known

    def _take(self, batch: RawBatch, named: Named) -> None:
        contract, expiry = named.contract, named.expiry
        frame, strange = without_expiry(batch.frame, contract, expiry)
        if strange is not None:
            self._rejected.add_rows(self.unit.paths[0], strange)
        whole = ContractSlice(contract=contract, expiry=expiry, start=0, rows=frame.height)
        context = PartitionContext(symbol=batch.symbol, date=None, slices=(whole,))
        typed = canonical(Batch(apply_all(batch_transforms(contract.instrument), frame, context)))
        others = self._names.others(
            typed.frame.get_column("symbol", default=None), batch.symbol, named
        )
        good, bad = split_rows(typed, contract, self._calendar, others, expiry)
        if bad is not None:
            self._rejected.add_rows(self.unit.paths[0], bad)
        if not good.height:
            return
        self.result.crossed += crossed_quotes(good)
        if contract.instrument == "option":
            self.note_columns(good)
        else:
            self._note_series(f"{contract.underlying}/{contract.instrument}", good)
        good, days = by_day(good)
        parts = [BinPart(key_of(day.day, contract), day.start, day.rows) for day in days]
        places = self._bins.append(compact(good), parts, shared=self._is_one(batch.symbol))
        for day, part, (block, start) in zip(days, parts, places, strict=True):
            found = self._found.get((part.key, contract))
            if found is None:
                found = Bin(part.key, contract, expiry, self._bins.path, [], self._compressed)
                self._found[part.key, contract] = found
            segment = Segment(block, start, day.rows, day.first, day.last, day.in_order)
            found.segments.append(segment)

    def _is_one(self, symbol: str) -> bool:
        """Whether the unit is one contract, and was dealt among its neighbours. The contracts of a
        unit of many may each be spread over all of its blocks: with others in them, those would be
        read again for each contract, and kept by the few rows of any."""
        listed = self._reading.contract if self._reading else None
        return listed is not None and symbol == self.unit.name

    def note_columns(self, frame: pl.DataFrame) -> None:
        """Note the columns of ``frame`` beyond the 58."""
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
            if name in STORED_NAMES:
                continue
            if _is_beyond_floats(frame[name]):
                self.result.beyond_floats.add(name)
            known = self.result.columns.setdefault(name, dtype)
            if known != dtype:
                raise PluginError(
                    f"reader {self.spec.name!r} or a transform gave column {name!r} of "
                    f"{self.unit.paths[0]} the types {known} and {dtype}; expected one"
                )

    def _note_series(self, series: str, frame: pl.DataFrame) -> None:
        """Note the columns that a series has."""
        known = self.result.series.setdefault(series, {})
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
            if name not in COMPUTED_NAMES:
                known.setdefault(name, dtype)

    def _reject_whole(self, reason: str) -> None:
        self._rejected.discard()
        self.result.reject_whole(reason)


def _is_beyond_floats(series: pl.Series) -> bool:
    import polars as pl

    if series.dtype != pl.Int64 or series.null_count() == len(series):
        return False
    smallest: Any = series.min()
    largest: Any = series.max()
    return bool(max(-smallest, largest) > LARGEST_EXACT)


def failed(spec: ReaderSpec, error: BaseException) -> ReadError:
    """The error of a unit whose reader raised ``error``, which no reader may."""
    return ReadError(
        f"reader {spec.name!r} failed: {type(error).__name__}: {error}{_where_in_reader(error)}"
    )


def _where_in_reader(error: BaseException) -> str:
    """The reader's own line that failed, for its author; libraries below it are left out."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
