"""Trading hours, special sessions and settlement by date, against a reviewed table."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from tickloom import Calendar, CalendarGapError, Evidence, Session, session_on
from tickloom.host import get_host
from tickloom_calendars.tables import table_text

EXPECTED = Path(__file__).with_name("expected_sessions.csv")
UNKNOWN = "?"

with EXPECTED.open(encoding="utf-8") as lines:
    REVIEWED = list(csv.DictReader(lines))


def load(name: str) -> Calendar:
    return get_host().calendars.get(name).load(None)


def spoken(session: Session | None) -> dict[str, str]:
    """A session as the reviewed table has it."""
    if session is None:
        return dict.fromkeys(("open", "close", "breaks", "settlement", "window"), "")
    return {
        "open": str(session.open),
        "close": str(session.close),
        "breaks": " ".join(f"{stop}-{resumption}" for stop, resumption in session.breaks),
        "settlement": str(session.settlement),
        "window": "-".join(map(str, session.settlement_window)),
    }


@pytest.mark.parametrize("line", REVIEWED, ids=lambda line: f"{line['calendar']} {line['date']}")
def test_hours_are_as_reviewed(line: dict[str, str]) -> None:
    calendar, day = load(line["calendar"]), date.fromisoformat(line["date"])
    if line["open"] == UNKNOWN:
        with pytest.raises(CalendarGapError, match=line["date"]):
            session_on(calendar, day)
        return
    found = spoken(session_on(calendar, day))
    assert found == {name: line[name] for name in found}


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2018, 7, 25), "index and stock options in cash"),
        (date(2018, 7, 26), "likewise, or by delivery"),
        (date(2019, 10, 31), "last half hour of the cash market; stock options by delivery"),
        (date(2026, 8, 4), "closing auction prices"),
        (date(2026, 12, 8), "last half hour of continuous trading"),
    ],
)
def test_how_contracts_settle_depends_on_the_day(day: date, words: str) -> None:
    session = session_on(load("nse"), day)
    assert session is not None
    assert words in session.settlement_rule
    assert session.settlement_source


def test_the_tables_of_days_and_of_hours_name_the_same_special_sessions() -> None:
    corrections = list(csv.DictReader(table_text("nse_corrections.csv").splitlines()))
    days = {line["date"] for line in corrections if line["status"] in ("session", "weekend")}
    nse = load("nse")
    lines = list(csv.DictReader(table_text("special_hours.csv").splitlines()))
    for exchange in ("NSE", "BSE"):
        named = {line["date"] for line in lines if exchange in line["exchange"].split()}
        assert days <= named
        for day in sorted(named - days):  # halts, on days that were to be regular
            assert nse.is_trading_day(date.fromisoformat(day)) is True
            assert date.fromisoformat(day).weekday() < 5


def test_every_year_has_its_muhurat_session() -> None:
    lines = list(csv.DictReader(table_text("special_hours.csv").splitlines()))
    muhurat = [line for line in lines if line["name"] == "Muhurat trading"]
    for exchange in ("NSE", "BSE"):
        years = [line["date"][:4] for line in muhurat if exchange in line["exchange"].split()]
        assert years == [str(year) for year in range(2009, 2027)]


@pytest.mark.parametrize("table", ["trading_hours", "special_hours", "settlement"])
def test_every_line_names_its_source_and_what_kind_it_is(table: str) -> None:
    for line in csv.DictReader(table_text(f"{table}.csv").splitlines()):
        assert line["source"]
        assert line["evidence"] in Evidence.__args__  # type: ignore[attr-defined]


def test_a_calendar_without_hours_says_so_in_one_sentence() -> None:
    class Hourless:
        version = "1"

    with pytest.raises(CalendarGapError) as caught:
        session_on(Hourless(), date(2024, 1, 1))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "the trading hours are not known: the calendar Hourless has no method 'session' that "
        "returns a tickloom.Session for a day"
    )


def minutes(path: Path) -> dict[date, list[time]]:
    """The times of an index's minute bars, by day."""
    found = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            stamp = datetime.strptime(line["Date"] + line["Time"], "%Y%m%d%H:%M")
            found[stamp.date()].append(stamp.time())
    return found


@pytest.mark.parametrize(
    ("file", "odd"),
    [
        ("NIFTY_2009.csv", set()),
        # This day of the file has a bar in every minute from 09:15 to 18:16.
        ("BNF_2024.csv", {date(2024, 1, 20)}),
    ],
)
def test_an_index_moves_within_the_hours_alone(shared: Path, file: str, odd: set[date]) -> None:
    path = shared / "data" / "nse-index-minute" / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    nse, outside = load("nse"), set()
    for day, bars in minutes(path).items():
        session = session_on(nse, day)
        assert session is not None, day
        assert not any(
            stop <= bar < resumption for stop, resumption in session.breaks for bar in bars
        )
        # Some vendors stamp the closing prices of 15:30 as a minute of their own.
        if not session.open <= min(bars) <= max(bars) <= session.close:
            outside.add(day)
        last = datetime.combine(day, max(bars))
        assert datetime.combine(day, session.close) - last <= timedelta(minutes=1), day
    assert outside == odd
