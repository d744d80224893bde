"""What a file's rows say resolves a name with several readings, and the result says so."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from tickloom import Calendar, Contract, NameReading, RawBatch
from tickloom.host import get_host
from tickloom.packing.reading.evidence import Evidence, gather, resolve

ICICI = "ICICIBANK27APR23870CE"  # April 2027 at 23870, or 27-APR-23 at 870
NIFTY = "NIFTY21MAR2421500PE"  # March 2021 at 2421500, or 21-MAR-24 at 21500
INFY = "INFY25NOV2520CE"  # November 2025 at 2520, or 25-NOV-25 at 20


@pytest.fixture(scope="module")
def nse() -> Calendar:
    return get_host().calendars.get("nse").load(None)


def read(calendar: Calendar, symbol: str) -> NameReading:
    [reading] = calendar.read_names([symbol])
    assert len(reading.readings) == 2
    return reading


def rows(day: str, price: float = 5.0, **columns: Any) -> pl.DataFrame:
    stamps = [dt.datetime.fromisoformat(f"{day}T10:00:00")] * 2
    return pl.DataFrame({"timestamp": stamps, "price": price} | columns)


def resolved(calendar: Calendar, symbol: str, *frames: pl.DataFrame) -> NameReading:
    found = gather(RawBatch(frame=frame, symbol=symbol) for frame in frames)
    return resolve(read(calendar, symbol), found[symbol], calendar)


def test_ticks_after_one_readings_expiry_leave_the_other(nse: Calendar) -> None:
    # November 2025 at 2160, or 25-NOV-21 at 60
    found = resolved(nse, "RELIANCE25NOV2160CE", rows("2025-11-03"))
    assert found.contract == Contract("RELIANCE", "monthly", "2025-11", "CE", 2160.0)
    assert found.error == ""
    assert "expired on 2021-11-25, before the last tick, of 2025-11-03" in found.note


def test_ticks_long_before_one_readings_listing_leave_the_other(nse: Calendar) -> None:
    found = resolved(nse, ICICI, rows("2023-04-03"))
    assert found.contract == Contract("ICICIBANK", "monthly", "2023-04-27", "CE", 870.0)
    assert "is not listed before 2027-01-" in found.note


def test_the_last_day_counts_and_the_day_after_does_not(nse: Calendar) -> None:
    assert resolved(nse, NIFTY, rows("2024-03-21")).contract is not None
    assert resolved(nse, NIFTY, rows("2024-03-22")).contract is None


def test_a_strike_that_no_option_ever_had_is_never_taken(nse: Calendar) -> None:
    # Nothing of NIFTY expired on 24-DEC-24, and no index has a strike of 2424500.
    for day in ("2024-12-20", "2024-12-26"):
        found = resolved(nse, "NIFTY24DEC2424500CE", rows(day))
        assert found.contract is None
        assert "NIFTY 2024-12 2424500 CE: no option on NIFTY has had a strike" in found.error
        assert "NIFTY 2024-12-24 24500 CE: no such expiry is in the calendar" in found.error
    # One that had expired leaves nothing, whatever else the other's days would allow.
    assert resolved(nse, "NIFTY25NOV2125700CE", rows("2025-11-03")).contract is None


@pytest.mark.parametrize("name", ["strike", "Strike", "STRIKE_PRICE", "StrkPric"])
@pytest.mark.parametrize("value", [2520, 2520.0, "2520.00"])
def test_a_column_of_strikes_resolves_it(nse: Calendar, name: str, value: Any) -> None:
    found = resolved(nse, INFY, rows("2025-11-03", **{name: value}))
    assert found.contract is not None
    assert found.contract.strike == 2520
    assert "its column of strikes says 2520" in found.note


@pytest.mark.parametrize("name", ["expiry", "Expiry_Date", "XpryDt"])
@pytest.mark.parametrize("value", ["25-Nov-2025", dt.date(2025, 11, 25), "2025-11-25", "25NOV2025"])
def test_a_column_of_expiries_resolves_it(nse: Calendar, name: str, value: Any) -> None:
    found = resolved(nse, "NIFTY25NOV2525700CE", rows("2025-11-03", **{name: value}))
    assert found.contract == Contract("NIFTY", "monthly", "2025-11-25", "CE", 25700.0)
    other = dt.date(2025, 12, 30)
    wrong = resolved(nse, "NIFTY25NOV2525700CE", rows("2025-11-03", **{name: other}))
    assert wrong.contract is None
    assert "its column of expiries says 2025-12-30" in wrong.error


def test_a_put_is_never_worth_more_than_its_strike(nse: Calendar) -> None:
    found = resolved(nse, INFY.replace("CE", "PE"), rows("2025-11-03", price=31.0))
    assert found.contract is not None
    assert found.contract.strike == 2520
    assert "no put is worth more than its strike, and its price reaches 31" in found.note
    assert resolved(nse, INFY, rows("2025-11-03", price=31.0)).contract is None


def test_columns_that_contradict_all_readings_leave_it_open(nse: Calendar) -> None:
    found = resolved(nse, INFY, rows("2025-11-03", strike=2540.0))
    assert found.contract is None
    assert found.error.count("its column of strikes says 2540") == 2
    assert found.readings == read(nse, INFY).readings


def test_all_rows_of_a_unit_count_and_stray_stamps_do_not(nse: Calendar) -> None:
    frames = [rows("2023-04-03"), rows("2023-04-12"), rows("1970-01-01"), rows("1980-01-01")]
    found = gather(RawBatch(frame=frame, symbol=ICICI) for frame in frames)[ICICI]
    assert (found.first, found.last) == (dt.date(2023, 4, 3), dt.date(2023, 4, 12))
    assert resolve(read(nse, ICICI), found, nse).contract is not None
    assert resolve(read(nse, ICICI), Evidence(), nse).contract is None


def test_a_clear_reading_is_left_alone(nse: Calendar) -> None:
    [reading] = nse.read_names(["banknifty24nov52100pe"])
    assert resolve(reading, Evidence(), nse) is reading
