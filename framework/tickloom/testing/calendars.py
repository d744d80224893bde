"""The conformance kit for calendars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tickloom.contracts import Contract
from tickloom.packing.reading.names import contract_problem
from tickloom.specs import Calendar, CalendarGapError, CalendarSpec
from tickloom.specs.expiry_rows import format_expiry_rows, read_expiry_rows


class CalendarTests:
    """What the host expects of every calendar. A subclass gives three fixtures: ``spec``,
    ``expiries`` and ``unreadable``."""

    @pytest.fixture
    def spec(self) -> CalendarSpec:
        """The calendar under test."""
        raise NotImplementedError("give a fixture 'spec' that returns the CalendarSpec")

    @pytest.fixture
    def expiries(self) -> Mapping[str, date]:
        """Trading symbols and the days on which they expired, as somebody looked them up."""
        raise NotImplementedError("give a fixture 'expiries': trading symbol to day of expiry")

    @pytest.fixture
    def unreadable(self) -> Sequence[str]:
        """Symbols that mean no contract."""
        raise NotImplementedError("give a fixture 'unreadable': symbols that mean no contract")

    @pytest.fixture
    def calendar(self, spec: CalendarSpec) -> Calendar:
        """The calendar, loaded without a file."""
        return spec.load(None)

    def test_its_zone_exists(self, spec: CalendarSpec) -> None:
        ZoneInfo(spec.zone)

    def test_its_version_stays(self, spec: CalendarSpec) -> None:
        versions = {spec.load(None).version for _ in range(2)}
        assert len(versions) == 1, (
            f"loaded twice, it has the versions {sorted(versions)}: a new version makes every "
            "store read its sources again"
        )

    def test_symbols_expire_when_they_did(
        self, calendar: Calendar, expiries: Mapping[str, date]
    ) -> None:
        found = {
            reading.symbol: calendar.expiry(self._contract(calendar, reading.symbol)).date
            for reading in calendar.read_names(list(expiries))
        }
        assert found == dict(expiries)

    def test_readings_come_in_order_and_do_not_depend_on_the_listing(
        self, calendar: Calendar, expiries: Mapping[str, date], unreadable: Sequence[str]
    ) -> None:
        symbols = [*expiries, *unreadable, *reversed(list(expiries))]
        listed = list(calendar.read_names(symbols))
        assert [reading.symbol for reading in listed] == symbols, (
            "one reading for each symbol, in the order of the symbols"
        )
        assert listed == [calendar.read_names([symbol])[0] for symbol in symbols]

    def test_what_is_no_contract_is_reported(
        self, calendar: Calendar, unreadable: Sequence[str]
    ) -> None:
        for reading in calendar.read_names(list(unreadable)):
            assert reading.contract is None, f"{reading.symbol!r} was read as {reading.contract}"
            assert reading.error, f"{reading.symbol!r} has neither a contract nor an error"

    def test_contracts_are_what_a_store_can_hold(
        self, calendar: Calendar, expiries: Mapping[str, date]
    ) -> None:
        for symbol in expiries:
            assert not contract_problem(self._contract(calendar, symbol))

    def test_an_expiry_is_a_trading_day_and_not_after_the_scheduled_one(
        self, calendar: Calendar, expiries: Mapping[str, date]
    ) -> None:
        for symbol in expiries:
            expiry = calendar.expiry(self._contract(calendar, symbol))
            assert expiry.date <= expiry.scheduled, f"{symbol}: {expiry}"
            assert calendar.is_trading_day(expiry.date) is not False, (
                f"{symbol} expires on {expiry.date}, which the calendar says is closed"
            )

    def test_a_contract_that_it_does_not_know_is_a_gap(
        self, calendar: Calendar, expiries: Mapping[str, date]
    ) -> None:
        known = self._contract(calendar, next(iter(expiries)))
        far = Contract(known.underlying, "monthly", "1900-01", known.right, known.strike)
        try:
            calendar.expiry(far)
        except CalendarGapError:
            return
        except Exception as error:
            raise AssertionError(f"expected CalendarGapError for {far}, found {error!r}") from error

    def test_what_it_builds_is_a_file_without_differences(
        self, spec: CalendarSpec, tmp_path: Path
    ) -> None:
        if spec.build is None:
            pytest.skip("it has no rules to build a calendar from")
        file = tmp_path / "calendar.csv"
        file.write_text(format_expiry_rows(spec.build(None, None)), encoding="utf-8", newline="\n")
        rows = read_expiry_rows(file)
        assert list(rows) == list(spec.build(None, None))
        if spec.differences is not None:
            assert list(spec.differences(rows)) == []
        assert spec.load(file).version != spec.load(None).version, "a file is part of the version"

    def _contract(self, calendar: Calendar, symbol: str) -> Contract:
        (reading,) = calendar.read_names([symbol])
        assert reading.contract is not None, f"{symbol!r} cannot be read: {reading.error}"
        return reading.contract
