"""The calendar kit catches planted faults, each for the right reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from tickloom import Calendar, CalendarSpec, Contract, Expiry, NameReading, Session
from tickloom.host import get_host
from tickloom.testing import CalendarTests

KIT = CalendarTests()
EXPIRIES = {"nifty24dec24000ce": date(2024, 12, 26), "nifty24nov24000ce": date(2024, 11, 28)}
UNREADABLE = ["readme"]


class Faulty:
    """The calendar of NSE, with a fault."""

    version = "1"

    def __init__(self) -> None:
        self._nse = get_host().calendars.get("nse").load(None)

    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        return self._nse.read_names(symbols, dialect)

    def expiry(self, contract: Contract) -> Expiry:
        return self._nse.expiry(contract)

    def is_trading_day(self, day: date) -> bool | None:
        return self._nse.is_trading_day(day)


class Reorders(Faulty):
    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        return super().read_names(sorted(symbols), dialect)


class Remembers(Faulty):
    """What it reads depends on what it read before."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0

    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        self._seen += 1
        return [replace(r, note=str(self._seen)) for r in super().read_names(symbols, dialect)]


class Guesses(Faulty):
    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        guess = Contract("NIFTY", "monthly", "2024-12", "CE", 1.0)
        return [replace(r, contract=r.contract or guess) for r in super().read_names(symbols)]


class SaysNothing(Faulty):
    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        return [replace(reading, error="") for reading in super().read_names(symbols)]


class ExpiresOnSaturday(Faulty):
    def expiry(self, contract: Contract) -> Expiry:
        found = super().expiry(contract)
        day = found.date + timedelta(days=5 - found.date.weekday())
        return replace(found, date=day, scheduled=day)


class ExpiresLate(Faulty):
    def expiry(self, contract: Contract) -> Expiry:
        found = super().expiry(contract)
        return replace(found, date=found.scheduled + timedelta(days=1))


class KnowsOneMonth(Faulty):
    def expiry(self, contract: Contract) -> Expiry:
        return {"2024-12": super().expiry}[contract.period](contract)


class KnowsHours(Faulty):
    """It has sessions, and may change one."""

    def __init__(self, **changes: object) -> None:
        super().__init__()
        self._changes = changes

    def session(self, day: date) -> Session | None:
        known: Session | None = self._nse.session(day)
        return replace(known, **self._changes) if known is not None else None


class OpensOnSundays(KnowsHours):
    def session(self, day: date) -> Session | None:
        return super().session(day) or self._nse.session(date(2024, 12, 26))


class NeverOpens(KnowsHours):
    def session(self, day: date) -> Session | None:
        return None


class LooksUp(KnowsHours):
    def session(self, day: date) -> Session | None:
        return {date(2024, 12, 26): super().session(day)}[day]


def spec(load: Callable[[Path | None], Calendar]) -> CalendarSpec:
    return CalendarSpec(name="x", summary="s", zone="Asia/Kolkata", load=load)


@pytest.mark.parametrize("faulty", [Reorders, Remembers])
def test_readings_that_depend_on_the_listing(faulty: type[Faulty]) -> None:
    with pytest.raises(AssertionError):
        KIT.test_readings_come_in_order_and_do_not_depend_on_the_listing(
            faulty(), EXPIRIES, UNREADABLE
        )


def test_a_guess() -> None:
    with pytest.raises(AssertionError, match="'readme' was read as"):
        KIT.test_what_is_no_contract_is_reported(Guesses(), UNREADABLE)


def test_silence() -> None:
    with pytest.raises(AssertionError, match="neither a contract nor an error"):
        KIT.test_what_is_no_contract_is_reported(SaysNothing(), UNREADABLE)


def test_a_wrong_expiry() -> None:
    with pytest.raises(AssertionError, match=r"2024, 12, 28"):
        KIT.test_symbols_expire_when_they_did(ExpiresOnSaturday(), EXPIRIES)


def test_an_expiry_on_a_closed_day() -> None:
    with pytest.raises(AssertionError, match="which the calendar says is closed"):
        KIT.test_an_expiry_is_a_trading_day_and_not_after_the_scheduled_one(
            ExpiresOnSaturday(), EXPIRIES
        )


def test_an_expiry_after_the_scheduled_day() -> None:
    with pytest.raises(AssertionError, match="nifty24dec24000ce"):
        KIT.test_an_expiry_is_a_trading_day_and_not_after_the_scheduled_one(ExpiresLate(), EXPIRIES)


def test_another_exception_than_a_gap() -> None:
    with pytest.raises(AssertionError, match=r"expected CalendarGapError .* found KeyError"):
        KIT.test_a_contract_that_it_does_not_know_is_a_gap(KnowsOneMonth(), EXPIRIES)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"breaks": ((time(12), time(12)),)}, "do not ascend"),
        ({"settlement": time(23)}, "does not end at the settlement"),
        ({"date": date(2024, 1, 1)}, "it is of 2024-01-01"),
        ({"source": ""}, "source or settlement_rule is empty"),
        ({"evidence": "hearsay"}, "evidence is not one of circular, "),
    ],
)
def test_a_session_that_cannot_be(changes: dict[str, object], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        KIT.test_its_sessions_are_what_a_day_can_hold(KnowsHours(**changes), EXPIRIES)


@pytest.mark.parametrize(
    ("faulty", "said"),
    [
        (OpensOnSundays, "has a session, but is no trading day"),
        (NeverOpens, "is a trading day without a session"),
        (LooksUp, "expected a Session, None or CalendarGapError .* found KeyError"),
    ],
)
def test_a_session_on_a_day_without_one(faulty: type[KnowsHours], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        KIT.test_its_sessions_are_what_a_day_can_hold(faulty(), EXPIRIES)


def test_sessions_without_a_fault() -> None:
    KIT.test_its_sessions_are_what_a_day_can_hold(KnowsHours(), EXPIRIES)


def test_a_calendar_without_hours_is_let_be() -> None:
    with pytest.raises(pytest.skip.Exception, match="no trading hours"):
        KIT.test_its_sessions_are_what_a_day_can_hold(Faulty(), EXPIRIES)


def test_a_version_that_changes() -> None:
    def load(file: Path | None) -> Calendar:
        calendar = Faulty()
        calendar.version = str(id(calendar))
        kept.append(calendar)
        return calendar

    kept: list[Faulty] = []
    with pytest.raises(AssertionError, match="loaded twice"):
        KIT.test_its_version_stays(spec(load))


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        KIT.test_its_zone_exists(
            CalendarSpec(name="x", summary="s", zone="Asia/Kolkatta", load=lambda file: Faulty())
        )
