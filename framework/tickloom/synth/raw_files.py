"""Folders of raw files: one file a contract, two folders that overlap by a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tickloom.errors import UsageError
from tickloom.paths import local_path
from tickloom.synth.faults import write_faults
from tickloom.synth.market import (
    MOST_DAYS,
    Listing,
    generator,
    listings,
    spot_paths,
    trading_days,
)
from tickloom.synth.ticks import last_price, tick_table
from tickloom.synth.written import write_table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SynthReport:
    """What was written."""

    folders: tuple[Path, ...]
    """The source folders; the last day of one is the first day of the next."""

    files: int
    """Sound files, one for each contract and folder."""

    rows: int
    """Ticks in the sound files; those of the shared day count in both folders."""

    distinct_rows: int
    """Ticks in the sound files, those of the shared day counted once."""

    days: tuple[dt.date, ...]
    """Trading days."""

    faults: tuple[tuple[Path, str], ...]
    """The files that are bad on purpose, and what is wrong with each."""


MOST_ROWS: Final = 1_000_000_000
"""Rows that are made at most: a contract's lie in memory."""


def write_raw(
    out: Path | str,
    *,
    seed: int = 1,
    rows: int = 250_000,
    days: int = 4,
    strikes: int = 11,
    pathological: bool = False,
) -> SynthReport:
    """Write raw files that look like the vendor's below ``out``; the same arguments give the same
    bytes.

    About ``rows`` ticks over ``days`` trading days from 3 November 2025, for ``strikes`` strikes of
    each underlying and expiry, in two folders that share one day. ``pathological`` adds files that
    are damaged, misnamed or hold impossible rows. Raises :class:`tickloom.errors.UsageError` when
    ``out`` holds anything already, or a number is out of range.
    """
    out = local_path(out)
    _check(out, seed, rows, days, strikes)
    dates = trading_days(days)
    listed = list(listings(strikes))
    counts = _counts(seed, listed, rows * days // (days + 1), days)
    shared = days // 2
    spans = {_span_name(dates[: shared + 1]): slice(0, shared + 1)}
    spans[_span_name(dates[shared:])] = slice(shared, days)
    folders = [out / name for name in spans]
    for folder in folders:
        folder.mkdir(parents=True)
    paths = {one.underlying.name: spot_paths(seed, one.underlying, dates) for one in listed}
    written = distinct = 0
    for listing, (busy, per_day) in zip(listed, counts, strict=True):
        tables = _days_of(seed, listing, dates, paths[listing.underlying.name], busy, per_day)
        distinct += sum(len(table) for table in tables)
        for folder, span in zip(folders, spans.values(), strict=True):
            table = pa.concat_tables(tables[span])
            write_table(table, folder / f"{listing.symbol.lower()}.parquet")
            written += len(table)
    faults = write_faults(folders[0], listed) if pathological else ()
    return SynthReport(
        folders=tuple(folders),
        files=len(folders) * len(listed),
        rows=written,
        distinct_rows=distinct,
        days=tuple(dates),
        faults=faults,
    )


def _check(out: Path, seed: int, rows: int, days: int, strikes: int) -> None:
    if not 2 <= days <= MOST_DAYS:
        raise UsageError(f"expected 2 to {MOST_DAYS} days; found {days}")
    if not 1 <= strikes <= 99:
        raise UsageError(f"expected 1 to 99 strikes; found {strikes}")
    if not 1 <= rows <= MOST_ROWS:
        raise UsageError(f"expected 1 to {MOST_ROWS:,} rows; found {rows}")
    if seed < 0:
        raise UsageError(f"expected a seed from 0 on; found {seed}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"expected a new or empty folder; {out} is not. Choose another.")


def _span_name(days: list[dt.date]) -> str:
    return f"{days[0]:%b %d} to {days[-1]:%b %d}".lower()


def _counts(
    seed: int, listed: list[Listing], distinct: int, days: int
) -> list[tuple[float, NDArray[np.int64]]]:
    """For each contract how busy it is (0 to 1), and its ticks on each day: at least two."""
    away = np.array([abs(o.strike / o.underlying.spot - 1.0) for o in listed])
    near = np.array([o.month.name == listed[0].month.name for o in listed])
    random = generator(seed, "activity")
    liking = np.exp(-((away / 0.015) ** 2)) * np.where(near, 1.0, 0.3)
    liking *= random.lognormal(0.0, 0.5, len(listed))
    busy = liking / liking.max()
    weights = busy[:, None] * random.uniform(0.7, 1.3, (len(listed), days))
    counts = np.maximum(np.round(weights / weights.sum() * distinct), 2).astype(np.int64)
    return [(float(b), count) for b, count in zip(busy, counts, strict=True)]


def _days_of(
    seed: int,
    listing: Listing,
    dates: list[dt.date],
    paths: list[NDArray[np.float64]],
    busy: float,
    counts: NDArray[np.int64],
) -> list[pa.Table]:
    tables: list[pa.Table] = []
    close = None
    for day, spot, count in zip(dates, paths, counts, strict=True):
        random = generator(seed, listing.symbol, day.isoformat())
        table = tick_table(random, listing, day, spot, int(count), busy, close)
        close = last_price(table)
        tables.append(table)
    return tables
