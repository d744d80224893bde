"""Holidays of the library, and the corrections that win over them."""

from __future__ import annotations

import sys
from datetime import date

import pytest

from tickloom import TickloomError
from tickloom_calendars import trading_days
from tickloom_calendars.library_holidays import library_holidays
from tickloom_calendars.trading_days import corrected

TUESDAY, WEDNESDAY, THURSDAY = date(2024, 6, 11), date(2024, 6, 12), date(2024, 6, 13)


def test_a_correction_closes_a_day_and_opens_another(monkeypatch: pytest.MonkeyPatch) -> None:
    table = "date,status,source\n2024-06-12,closed,a circular\n2024-06-13,open,a circular\n"
    monkeypatch.setattr(trading_days, "table_text", lambda name: table)
    days = corrected([THURSDAY], 2024)
    assert days.is_trading_day(WEDNESDAY) is False
    assert days.is_trading_day(THURSDAY) is True
    assert (days.final(THURSDAY), days.final(WEDNESDAY)) == (THURSDAY, TUESDAY)


def test_no_expiry_moves_to_a_special_session(monkeypatch: pytest.MonkeyPatch) -> None:
    table = "date,status,source\n2024-06-15,session,a Saturday\n2024-06-12,session,Muhurat\n"
    monkeypatch.setattr(trading_days, "table_text", lambda name: table)
    days = corrected([WEDNESDAY, date(2024, 6, 17)], 2024)
    assert days.is_trading_day(date(2024, 6, 15)) is True
    assert days.is_trading_day(WEDNESDAY) is True
    assert days.final(date(2024, 6, 17)) == date(2024, 6, 14)
    assert days.final(WEDNESDAY) == TUESDAY


def test_an_expiry_moves_to_a_regular_session_at_a_weekend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = "date,status,source\n2024-06-15,weekend,in place of a Monday\n"
    monkeypatch.setattr(trading_days, "table_text", lambda name: table)
    days = corrected([date(2024, 6, 17)], 2024)
    assert days.is_trading_day(date(2024, 6, 15)) is True
    assert days.final(date(2024, 6, 17)) == date(2024, 6, 15)
    assert days.is_trading_day(date(2024, 6, 22)) is False


def test_national_holidays_are_closed_before_they_are_published() -> None:
    days = corrected([date(2024, 1, 26)], 2024)
    assert days.final(date(2029, 12, 25)) == date(2029, 12, 24)
    assert days.final(date(2029, 12, 26)) == date(2029, 12, 26)


def test_a_missing_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(TickloomError, match=r"pip install 'tickloom\[calendar\]'"):
        library_holidays()
