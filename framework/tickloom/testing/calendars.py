"""The conformance kit for calendars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from tickloom.contracts import Contract
from tickloom.packing.reading.names import contract_problem
from tickloom.specs import Calendar, CalendarGapError, CalendarSpec, Evidence, Session
from tickloom.specs.expiry_rows import format_expiry_rows, read_expiry_rows
from tickloom.specs.session import require_hours


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

    def test_its_sessions_are_what_a_day_can_hold(
        self, calendar: Calendar, expiries: Mapping[str, date]
    ) -> None:
        if not hasattr(calendar, "session"):
            pytest.skip("it knows no trading hours")
        hours = require_hours(calendar)
        for day in _days_around(expiries.values()):
            try:
                session = hours.session(day)
            except CalendarGapError:
                continue
            except Exception as error:
                raise AssertionError(
                    f"expected a Session, None or CalendarGapError for {day}, found {error!r}"
                ) from error
            assert session == hours.session(day), f"{day}: asked twice, it answers otherwise"
            trades = calendar.is_trading_day(day)
            if session is None:
                assert trades is not True, f"{day} is a trading day without a session"
            else:
                assert trades is not False, f"{day} has a session, but is no trading day"
                problem = _session_problem(session, day)
                assert not problem, f"{day}: {problem}: {session}"

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


def _days_around(expiries: Iterable[date]) -> list[date]:
    """Each expiry, the fortnight around it, and a day that no calendar knows."""
    days = {day + timedelta(days=n) for day in expiries for n in range(-7, 8)}
    return [*sorted(days), date(1900, 1, 1)]


def _session_problem(session: Session, day: date) -> str:
    """What is wrong with the session of ``day``; empty if nothing is."""
    if session.date != day:
        return f"it is of {session.date}"
    moments = [session.open, *(moment for halt in session.breaks for moment in halt), session.close]
    if any(earlier >= later for earlier, later in pairwise(moments)):
        return "open, breaks and close do not ascend"
    first, last = session.settlement_window
    if not session.open <= first <= last == session.settlement <= session.close:
        return "the settlement window does not end at the settlement, within the session"
    if any(moment.tzinfo is not None for moment in (*moments, first, last)):
        return "its times carry a zone; they are wall clock of the exchange"
    if not (session.name and session.source and session.settlement_rule):
        return "name, source or settlement_rule is empty"
    known = get_args(Evidence)
    return "" if session.evidence in known else f"evidence is not one of {', '.join(known)}"
