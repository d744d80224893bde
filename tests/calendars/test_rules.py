"""The table of rules is whole: sourced, without gaps that nobody meant, without overlap."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby, pairwise

import pytest

from tickloom_calendars.expiry_rules import ExpiryRule, all_rules, rules_of


def test_every_rule_has_a_source() -> None:
    assert all(rule.source for rule in all_rules())


def test_one_rule_follows_another() -> None:
    def key(rule: ExpiryRule) -> tuple[str, str, str]:
        return (rule.underlying, rule.exchange, rule.kind)

    for name, group in groupby(sorted(all_rules(), key=lambda r: (*key(r), r.first)), key):
        for rule, following in pairwise(group):
            pause = (following.first - rule.last).days
            # The longest: FINNIFTY from Thursday 2021-10-14 to Monday 2021-10-18.
            assert 1 <= pause <= 6, f"{name}: {rule.last} is followed by {following.first}"


def test_rules_in_force_have_no_end() -> None:
    assert {r.underlying for r in all_rules() if r.kind == "weekly" and r.last == date.max} == {
        "NIFTY",
        "SENSEX",
    }
    for exchange in ("NSE", "BSE"):
        indices = {r.underlying for r in rules_of(exchange)} - {"*"}
        in_force = {r.underlying for r in rules_of(exchange) if r.last == date.max} - {"*"}
        assert in_force == indices == {
            "NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50",
            "SENSEX", "BANKEX", "SENSEX50",
        }  # fmt: skip


@pytest.mark.parametrize("occurrence", ["last", "second"])
def test_the_day_of_a_month_by_counting(occurrence: str) -> None:
    rules = [rule for rule in all_rules() if rule.occurrence == occurrence]
    assert rules
    for rule in rules:
        for year in (2019, 2024, 2025):
            for month in range(1, 13):
                day = date(year, month, 1)
                days = []
                while day.month == month:
                    if day.weekday() == rule.weekday:
                        days.append(day)
                    day += timedelta(days=1)
                expected = days[-1] if occurrence == "last" else days[1]
                assert rule.day_in_month(year, month) == expected
