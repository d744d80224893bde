"""Proves the expiries of a store against its calendars: ``tickloom calendar check STORE``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tickloom.contracts import Contract
from tickloom.expiries.store_calendars import StoreCalendars
from tickloom.packing.merging.runs import names_of
from tickloom.progress import Progress, untold
from tickloom.specs import Calendar, CalendarGapError
from tickloom.store.api import Partition, open_store
from tickloom.store.partitions.index import ContractRows
from tickloom.store.partitions.order import read_row_groups

_COLUMNS: Final = ("expiry", "expiry_type", "is_monthly", "is_weekly", "timestamp")


@dataclass(frozen=True, slots=True)
class ExpiryProblem:
    """Something in a store that contradicts its calendar."""

    path: str
    """The partition, as ``DATE/UNDERLYING``."""

    reason: str
    """What was expected and what was found."""


@dataclass(frozen=True, slots=True)
class _ExpiryRows:
    """What the rows of one expiry and one set of flags say."""

    expiry: date
    kind: str | None
    is_monthly: bool | None
    is_weekly: bool | None
    last_tick: date
    rows: int


def check_expiries(
    path: Path, file: Path | None, *, progress: Progress = untold
) -> list[ExpiryProblem]:
    """What in the store at ``path`` contradicts the calendars of its readers; with ``file``, those
    calendars with that file's rows.

    Every expiry is a trading day and the one that the calendar gives for the contract, no tick lies
    after it or before any such contract is listed, and the flags say the calendar's kind.
    ``progress`` counts partitions.
    """
    store = open_store(path)
    calendars = StoreCalendars(store.manifest, file)
    partitions = store.partitions()
    problems = []
    for done, partition in enumerate(partitions, 1):
        calendar = calendars.of(partition.key.underlying)
        for reason in _partition_problems(partition, calendar):
            problems.append(ExpiryProblem(str(partition.key), reason))
        progress(done, len(partitions))
    return problems


def _partition_problems(partition: Partition, calendar: Calendar) -> Iterator[str]:
    yield from _contract_problems(partition, calendar)
    for group in _expiry_rows(partition):
        if calendar.is_trading_day(group.expiry) is False:
            yield f"the expiry {group.expiry} of {group.rows} rows is no trading day"
        if group.last_tick > group.expiry:
            yield f"ticks of {group.last_tick} lie after the expiry {group.expiry}"
        said = (group.kind, group.is_monthly, group.is_weekly)
        kind = _kind_on(group.expiry, partition.key.underlying, calendar)
        if kind and said != (kind, kind == "monthly", kind == "weekly"):
            yield (
                f"the expiry {group.expiry} is {kind} by the calendar; {group.rows} rows say "
                f"expiry_type {said[0]}, is_monthly {said[1]}, is_weekly {said[2]}"
            )


def _contract_problems(partition: Partition, calendar: Calendar) -> Iterator[str]:
    """Contracts that the calendar dates otherwise, one sentence for those of one period."""
    found: Counter[str] = Counter()
    for entry in partition.index().contracts:
        for contract in names_of(entry) or [_named_by_day(partition.key.underlying, entry.expiry)]:
            found.update(_contradiction(entry, contract, calendar, partition.key.date))
    for reason, contracts in found.items():
        yield f"{contracts} contracts: {reason}"


def _contradiction(
    entry: ContractRows, contract: Contract, calendar: Calendar, day: date
) -> list[str]:
    what = f"{contract.underlying} {contract.kind} {contract.period}"
    try:
        expiry = calendar.expiry(contract)
    except CalendarGapError as error:
        return [f"{what} expires on {entry.expiry} in the store; {error}"]
    if expiry.date == entry.expiry:
        if expiry.listed is None or day >= expiry.listed:
            return []
        return [
            f"{what} has ticks of {day}, and none that expires on {expiry.date} is listed before "
            f"{expiry.listed}"
        ]
    return [
        f"{what} expires on {entry.expiry} in the store, on {expiry.date} by the calendar "
        f"({expiry.rule}); 'tickloom recalendar STORE' re-dates it"
    ]


def _named_by_day(underlying: str, expiry: date) -> Contract:
    """A stand-in for a contract whose name is not known: calendars look days up."""
    return Contract(underlying, "weekly", expiry.isoformat(), "CE", 1.0)


def _kind_on(expiry: date, underlying: str, calendar: Calendar) -> str:
    try:
        return calendar.expiry(_named_by_day(underlying, expiry)).kind
    except CalendarGapError:
        return ""  # said of the contracts already


def _expiry_rows(partition: Partition) -> list[_ExpiryRows]:
    """The distinct expiries and flags of a partition's rows, ascending."""
    import polars as pl

    keys = _COLUMNS[:4]
    counted = [pl.col("timestamp").max().dt.date(), pl.len().alias("rows")]
    parts = [
        pl.DataFrame(table)
        .with_columns(pl.col("expiry_type").cast(pl.String))
        .group_by(keys)
        .agg(counted)
        for table in read_row_groups(partition.file(), partition.writer, _COLUMNS)
    ]
    partition.confirm()
    if not parts:
        return []
    merged = pl.concat(parts).group_by(keys).agg(pl.col("timestamp").max(), pl.col("rows").sum())
    return [_ExpiryRows(*row) for row in merged.sort(keys).rows()]
