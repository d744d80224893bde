"""The documented pipeline in plain Python: raw files in, rows of each partition out.

Shares no code with tickloom. Slow on purpose: dictionaries, lists and the standard library, with
PyArrow for nothing but opening the files.
"""

from __future__ import annotations

import calendar
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

MONTHS = [m.lower() for m in calendar.month_abbr][1:]
NAME = re.compile(
    r"(?P<und>.+?)(?P<yy>\d\d)(?P<mon>[a-z]{3})(?P<strike>\d+(\.\d+)?)(?P<right>ce|pe)"
)
EPOCH = datetime(1970, 1, 1)

Row = dict[str, Any]


def contract_of(stem: str) -> tuple[str, date, str, float]:
    """Underlying, monthly expiry, right and strike of a month-name symbol."""
    match = NAME.fullmatch(stem)
    assert match, stem
    year, month = 2000 + int(match["yy"]), MONTHS.index(match["mon"]) + 1
    return (
        match["und"].upper(),
        last_weekday(year, month),
        match["right"].upper(),
        float(match["strike"]),
    )


def last_weekday(year: int, month: int) -> date:
    """The last Tuesday of a month from September 2025, the last Thursday before; no holidays."""
    wanted = calendar.TUESDAY if (year, month) >= (2025, 9) else calendar.THURSDAY
    day = date(year, month, calendar.monthrange(year, month)[1])
    while day.weekday() != wanted:
        day -= timedelta(days=1)
    return day


def rows_of(path: Path) -> list[Row]:
    """The rows of one raw file as the store's vendor columns hold them."""
    rows: list[Row] = pq.read_table(path).to_pylist()
    for row in rows:
        if row["changeper"] is not None:
            row["changeper"] = round(row["changeper"], 2)
    return rows


def pack(files: list[Path]) -> dict[tuple[date, str], list[Row]]:
    """Rows of every partition in store order, with the computed columns."""
    sources: dict[Any, list[list[Row]]] = defaultdict(list)
    for path in files:
        by_day: dict[date, list[Row]] = defaultdict(list)
        for row in rows_of(path):
            by_day[row["timestamp"].date()].append(row)
        underlying, expiry, right, strike = contract_of(path.stem)
        for day, rows in by_day.items():
            sources[day, underlying, expiry, right, strike].append(rows)
    packed: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for key in sorted(sources):
        day, underlying, expiry = key[:3]
        packed[day, underlying] += derive(merge(sources[key]), expiry)
    return dict(packed)


def merge(sources: list[list[Row]]) -> list[Row]:
    """Multiset union of the sources of one contract and day, second by second."""
    seconds: dict[datetime, list[list[Row]]] = defaultdict(list)
    for rows in sources:
        own: dict[datetime, list[Row]] = defaultdict(list)
        for row in rows:
            own[row["timestamp"]].append(row)
        for second, group in own.items():
            seconds[second].append(group)
    merged: list[Row] = []
    for second in sorted(seconds):
        groups = seconds[second]
        dominant = max(groups, key=len)
        longest = [group for group in groups if len(group) == len(dominant)]
        assert all(group == dominant for group in longest), "ties are another oracle's matter"
        union: Counter[str] = Counter()
        for group in groups:
            union |= Counter(repr(row) for row in group)
        union -= Counter(repr(row) for row in dominant)
        shown = {repr(row): row for group in groups for row in group}
        merged += dominant
        merged += sorted((shown[key] for key in union.elements()), key=_null_first)
    return merged


def _null_first(row: Row) -> list[tuple[bool, Any]]:
    return [(value is not None, value if value is not None else 0) for value in row.values()]


def derive(rows: list[Row], expiry: date) -> list[Row]:
    """The rows of one contract and day with the six computed columns."""
    before: int | None = None
    derived = []
    for row in rows:
        volume = row["volume"]
        moved = None
        if volume is not None:
            moved = 0 if before is None else max(0, volume - before)
        before = volume
        derived.append(
            row
            | {
                "timestamp_ns": (row["timestamp"] - EPOCH) // timedelta(microseconds=1) * 1000,
                "expiry": expiry,
                "expiry_type": "monthly",
                "is_monthly": True,
                "is_weekly": False,
                "vol_delta": moved,
            }
        )
    return derived
