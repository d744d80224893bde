"""The dates of ticks settle a name with several readings, and the result says so."""

from __future__ import annotations

from datetime import date

import pytest

from tickloom import Calendar, Contract
from tickloom.host import get_host
from tickloom.packing.reading.tick_dates import settle_by_ticks


@pytest.fixture(scope="module")
def nse() -> Calendar:
    return get_host().calendars.get("nse").load(None)


def test_ticks_after_one_readings_expiry_leave_the_other(nse: Calendar) -> None:
    (reading,) = nse.read_names(["NIFTY21MAR2421500PE"])  # 2021-03 at 2421500, 2024-03-21 at 21500
    settled = settle_by_ticks(reading, date(2024, 3, 20), nse)
    assert settled.contract == Contract("NIFTY", "weekly", "2024-03-21", "PE", 21500.0)
    assert settled.error == ""
    assert "last tick is of 2024-03-20" in settled.note


def test_a_tick_on_the_expiry_day_still_counts(nse: Calendar) -> None:
    (reading,) = nse.read_names(["NIFTY21MAR2421500PE"])
    assert settle_by_ticks(reading, date(2021, 3, 25), nse).contract is None
    assert settle_by_ticks(reading, date(2021, 3, 26), nse).contract is not None


@pytest.mark.parametrize(
    ("day", "said"), [(date(2021, 1, 4), "several of them"), (date(2024, 3, 22), "none of them")]
)
def test_what_ticks_do_not_settle_stays_ambiguous(nse: Calendar, day: date, said: str) -> None:
    (reading,) = nse.read_names(["NIFTY21MAR2421500PE"])
    settled = settle_by_ticks(reading, day, nse)
    assert settled.contract is None
    assert said in settled.error
    assert settled.readings == reading.readings


def test_a_day_that_the_calendar_lacks_counts_as_stated(nse: Calendar) -> None:
    # No NIFTY option expired on 24-DEC-24, but a strike of 2424500 is no likelier.
    (reading,) = nse.read_names(["NIFTY24DEC2424500CE"])
    assert settle_by_ticks(reading, date(2024, 12, 20), nse).contract is None
    settled = settle_by_ticks(reading, date(2024, 12, 26), nse)
    assert settled.contract == Contract("NIFTY", "monthly", "2024-12", "CE", 2424500.0)


def test_a_clear_reading_is_left_alone(nse: Calendar) -> None:
    (reading,) = nse.read_names(["banknifty24nov52100pe"])
    assert settle_by_ticks(reading, date(2030, 1, 1), nse) is reading
