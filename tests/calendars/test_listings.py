"""How long before its expiry a contract can have been listed, by its kind."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tickloom import Calendar
from tickloom.host import get_host
from tickloom_calendars.expiry_rules import all_rules
from tickloom_calendars.listings import SLACK, all_listings


def listed_before(calendar: Calendar, symbol: str) -> int:
    """Days from the first day on which ``symbol`` can have been listed to its expiry."""
    [reading] = calendar.read_names([symbol])
    assert reading.contract is not None
    expiry = calendar.expiry(reading.contract)
    assert expiry.listed is not None
    return (expiry.date - expiry.listed).days - SLACK.days


@pytest.mark.parametrize(
    ("symbol", "days"),
    [
        ("NIFTY25N1825700CE", 63),  # weekly
        ("BANKNIFTY2231036000CE", 63),
        ("BANKNIFTY2481450000CE", 42),  # four weeks since 2022
        ("NIFTY25NOV25700CE", 98),  # a serial month
        ("NIFTY25SEP25700CE", 371),  # quarterly
        ("NIFTY26JUN25000CE", 1834),  # half-yearly
        ("NIFTY29DEC26C28000", 1834),  # the same, by the day in its name
        ("BANKNIFTY25DEC51000CE", 371),
        ("BANKNIFTY25OCT51000CE", 98),
        ("FINNIFTY25DEC27000CE", 98),
        ("SENSEX25DEC85000CE", 1834),
        ("BANKEX25DEC65000CE", 98),
        ("RELIANCE25DEC1500CE", 98),
        ("360ONE25NOV1100CE", 98),
    ],
)
def test_each_kind_has_its_longest_listing(symbol: str, days: int) -> None:
    assert listed_before(get_host().calendars.get("nse").load(None), symbol) == days


def test_every_rule_has_a_listing_and_every_listing_a_source() -> None:
    known = {(one.underlying, one.kind) for one in all_listings()}
    assert {(rule.underlying, rule.kind) for rule in all_rules()} <= known
    assert all(one.source for one in all_listings())
    for rule in all_rules():
        assert (
            any(
                (one.underlying, one.kind) == (rule.underlying, rule.kind)
                and one.first <= rule.first
                for one in all_listings()
                if rule.underlying != "*" or rule.exchange == "NSE"
            )
            or rule.exchange == "BSE"
        )


def test_what_a_users_file_adds_is_not_limited(tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\n"
        "NIFTY,Monthly,2045-01,2045-01-31\nNIFTY,Monthly,2025-11,2025-11-24\n"
    )
    calendar = get_host().calendars.get("nse").load(file)
    added, corrected = calendar.read_names(["nifty45jan25500ce", "nifty25nov25500ce"])
    assert added.contract is not None
    assert calendar.expiry(added.contract).listed is None
    assert corrected.contract is not None
    expiry = calendar.expiry(corrected.contract)
    assert (expiry.date, expiry.listed is not None) == (date(2025, 11, 24), True)


def test_us_leaps_are_listed_for_years() -> None:
    us = get_host().calendars.get("us-options").load(None)
    assert 39 * 30 < listed_before(us, "GOOG160115C00605000") < 40 * 31
    assert listed_before(us, "SPX251219C05000000") > 15 * 365
