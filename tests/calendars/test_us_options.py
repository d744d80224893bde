"""US equity options are dated by their OCC symbols."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tickloom import Calendar, Contract, UsageError
from tickloom.host import get_host


@pytest.fixture
def calendar() -> Calendar:
    return get_host().calendars.get("us-options").load(None)


def test_an_occ_symbol_is_read(calendar: Calendar) -> None:
    padded, tight, lower = calendar.read_names(
        ["GOOG  151224C01000000", "AAPL140621P00092500", "goog160115c00605000"]
    )
    assert padded.contract == Contract("GOOG", "weekly", "2015-12-24", "CE", 1000.0)
    assert tight.contract == Contract("AAPL", "monthly", "2014-06-21", "PE", 92.5)
    assert lower.contract == Contract("GOOG", "monthly", "2016-01-15", "CE", 605.0)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2016-01-15", "monthly"),  # third Friday
        ("2016-01-22", "weekly"),
        ("2015-01-17", "monthly"),  # the Saturday after the third Friday, as before 2015-02
        ("2015-04-17", "monthly"),
        ("2019-04-18", "monthly"),  # Thursday before Good Friday 2019-04-19
        ("2019-04-19", "monthly"),
        ("2014-04-19", "monthly"),  # Saturday after Good Friday
        ("2022-04-14", "monthly"),  # Thursday before Good Friday 2022-04-15
        ("2026-06-18", "monthly"),  # Thursday before Juneteenth
        ("2020-06-18", "weekly"),  # Juneteenth was no exchange holiday yet
        ("2024-03-28", "weekly"),  # before a Good Friday that is no third Friday
        ("2024-02-15", "weekly"),
    ],
)
def test_the_third_friday_makes_a_monthly(calendar: Calendar, day: str, kind: str) -> None:
    symbol = f"SPY{day[2:].replace('-', '')}C00400000"
    (reading,) = calendar.read_names([symbol])
    assert reading.contract is not None
    expiry = calendar.expiry(reading.contract)
    assert (expiry.date, expiry.scheduled) == (date.fromisoformat(day),) * 2
    assert expiry.kind == reading.contract.kind == kind


@pytest.mark.parametrize("symbol", ["GOOG", "GOOG151324C01000000", "GOOG151224X01000000", ""])
def test_what_is_no_occ_symbol_is_reported(calendar: Calendar, symbol: str) -> None:
    (reading,) = calendar.read_names([symbol])
    assert reading.contract is None
    assert "expected an OCC symbol" in reading.error


def test_it_takes_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no file"):
        get_host().calendars.get("us-options").load(tmp_path / "x.csv")
