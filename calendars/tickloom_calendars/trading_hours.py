"""The dated hours of an exchange, those of single days, and how expiring contracts settle."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar, cast

from tickloom import CalendarGapError, Evidence, Session
from tickloom_calendars.tables import table_text

TABLES: Final = ("trading_hours.csv", "special_hours.csv", "settlement.csv")
"""What a day's session is made of; each line names its source and what kind of source it is."""

REGULAR: Final = "regular hours"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Hours:
    """When options trade, by one line of a table."""

    open: time
    close: time
    breaks: tuple[tuple[time, time], ...]
    name: str
    evidence: Evidence
    source: str


@dataclass(frozen=True, slots=True)
class _Settlement:
    """How what expires is settled, by one line of a table."""

    before_close: timedelta
    """How long before the close the price is settled upon."""

    window: timedelta
    """How many seconds of the underlying make it, the last of them at that moment."""

    rule: str
    source: str


class TradingHours:
    """The hours of one exchange, by the committed tables."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._regular = [
            (*_span(line), _hours(line, REGULAR)) for line in _lines("trading_hours.csv", exchange)
        ]
        self._special = {
            date.fromisoformat(line["date"]): line for line in _lines("special_hours.csv", exchange)
        }
        self._settlement = [
            (
                *_span(line),
                _Settlement(
                    timedelta(seconds=int(line["before_close"])),
                    timedelta(seconds=int(line["window"])),
                    line["rule"],
                    f"{line['source']} ({line['evidence']})",
                ),
            )
            for line in _lines("settlement.csv", exchange)
        ]

    def session(self, day: date) -> Session:
        """The session of a day on which the exchange trades.

        Raises :class:`CalendarGapError` where its hours were not published, or are not known.
        """
        line = self._special.get(day)
        if line is None:
            hours = _in_force(self._regular, day, f"{self._exchange} of {day}")
        elif line["open"]:
            hours = _hours(line, line["name"])
        else:
            raise CalendarGapError(
                f"the hours of {self._exchange} on {day} ({line['name']}) are not known: "
                f"{line['source']}"
            )
        return self._settled(day, hours)

    def early_close(self, day: date, close: time, source: str) -> Session:
        """The session of a day whose regular hours end early, as a library of holidays says."""
        usual = _in_force(self._regular, day, f"{self._exchange} of {day}")
        return self._settled(
            day, _Hours(usual.open, close, usual.breaks, "early close", "library", source)
        )

    def _settled(self, day: date, hours: _Hours) -> Session:
        settled = _in_force(self._settlement, day, f"the settlement of {self._exchange} on {day}")
        moment = datetime.combine(day, hours.close) - settled.before_close
        first = moment - settled.window + timedelta(seconds=1)
        opened = datetime.combine(day, hours.open)
        return Session(
            date=day,
            open=hours.open,
            close=hours.close,
            breaks=hours.breaks,
            settlement=moment.time(),
            settlement_window=(max(first, opened).time(), moment.time()),
            settlement_rule=settled.rule,
            settlement_source=settled.source,
            name=hours.name,
            evidence=hours.evidence,
            source=hours.source,
        )


def _lines(table: str, exchange: str) -> Iterator[dict[str, str]]:
    for line in csv.DictReader(table_text(table).splitlines()):
        if exchange in line["exchange"].split():
            yield line


def _span(line: dict[str, str]) -> tuple[date, date]:
    last = line["last"]
    return date.fromisoformat(line["first"]), date.fromisoformat(last) if last else date.max


def _hours(line: dict[str, str], name: str) -> _Hours:
    breaks = line.get("breaks", "").split()
    return _Hours(
        time.fromisoformat(line["open"]),
        time.fromisoformat(line["close"]),
        tuple(_break(text) for text in breaks),
        name,
        cast(Evidence, line["evidence"]),
        line["source"],
    )


def _break(text: str) -> tuple[time, time]:
    stop, _, resumption = text.partition("-")
    return time.fromisoformat(stop), time.fromisoformat(resumption)


def _in_force(rows: list[tuple[date, date, T]], day: date, what: str) -> T:
    for first, last, found in rows:
        if first <= day <= last:
            return found
    raise CalendarGapError(f"the hours of {what} are not known; the tables begin at {rows[0][0]}")
