"""The built-in calendars pass the kit that everybody's must pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from tickloom import CalendarSpec
from tickloom.host import get_host
from tickloom.testing import CalendarTests


class TestNse(CalendarTests):
    @pytest.fixture
    def spec(self) -> CalendarSpec:
        return get_host().calendars.get("nse")

    @pytest.fixture
    def expiries(self) -> Mapping[str, date]:
        return {
            "banknifty24dec49000pe": date(2024, 12, 24),
            "banknifty2390745800ce": date(2023, 9, 6),
            "M&M24JUL2500CE": date(2024, 7, 25),
            "SENSEX502471122000CE": date(2024, 7, 11),
        }

    @pytest.fixture
    def unreadable(self) -> Sequence[str]:
        return ["readme", "banknifty24n2050000ce", "NIFTY21MAR2421500PE", ""]


class TestBse(TestNse):
    @pytest.fixture
    def spec(self) -> CalendarSpec:
        return get_host().calendars.get("bse")

    @pytest.fixture
    def expiries(self) -> Mapping[str, date]:
        return {
            "M&M24JUL2500CE": date(2024, 7, 11),
            "SENSEX24JUL70000PE": date(2024, 7, 26),
        }


class TestUsOptions(CalendarTests):
    @pytest.fixture
    def spec(self) -> CalendarSpec:
        return get_host().calendars.get("us-options")

    @pytest.fixture
    def expiries(self) -> Mapping[str, date]:
        return {
            "GOOG  151224C01000000": date(2015, 12, 24),
            "AAPL140621P00092500": date(2014, 6, 21),
        }

    @pytest.fixture
    def unreadable(self) -> Sequence[str]:
        return ["GOOG", "GOOG151324C01000000"]
