"""Where a calendar file contradicts the exchange's rules, and which rule says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from tickloom import ExpiryDifference, ExpiryRow, Kind
from tickloom_calendars.expiry_book import ExpiryBook, match_rows
from tickloom_calendars.expiry_rules import ExpiryRule
from tickloom_calendars.trading_days import TradingDays


def review(
    rows: Sequence[ExpiryRow], book: ExpiryBook, rules: Sequence[ExpiryRule], days: TradingDays
) -> list[ExpiryDifference]:
    """The differences between a file's rows of one underlying and its book, by date.

    ``rules`` are those that made the book. What the file lacks counts within the span that the
    file covers, for each kind by itself.
    """
    found = []
    name = rows[0].instrument
    matched = match_rows(rows, book.rows)
    seen: dict[ExpiryRow, ExpiryRow] = {}
    for row in rows:
        expected = matched.get(row)
        if expected is None:
            found.append(ExpiryDifference(row, None, _why_none(row, book, rules)))
        elif expected in seen:
            reason = f"a second row for the contract that expires on {seen[expected].final}"
            found.append(ExpiryDifference(row, None, reason))
        else:
            seen[expected] = row
            if reason := _contradiction(row, expected, rules, days):
                found.append(ExpiryDifference(row, expected, reason))
    found += [
        ExpiryDifference(None, replace(row, instrument=name), f"missing; {_why(row, rules, days)}")
        for row in book.rows
        if row not in seen and _is_within(row, rows)
    ]
    return sorted(found, key=lambda one: (one.row or one.expected or rows[0]).final)


def _contradiction(
    row: ExpiryRow, expected: ExpiryRow, rules: Sequence[ExpiryRule], days: TradingDays
) -> str:
    if (row.scheduled, row.final) != (expected.scheduled, expected.final):
        return _why(expected, rules, days)
    if row.month != expected.month:
        return f"the contract month of a weekly is that of its expiry: {expected.month}"
    return ""


def _is_within(row: ExpiryRow, rows: Sequence[ExpiryRow]) -> bool:
    """Does the file cover the time of ``row``, with rows of its kind before and after it?"""
    spans = [one.final for one in rows if one.kind == row.kind]
    return bool(spans) and min(spans) <= row.final <= max(spans)


def _why(expected: ExpiryRow, rules: Sequence[ExpiryRule], days: TradingDays) -> str:
    rule = next(
        rule for rule in rules if rule.kind == expected.kind and rule.covers(expected.scheduled)
    )
    text = f"{rule.label} for days {_span(rule.first, rule.last)} [{rule.source}]"
    if expected.final != expected.scheduled:
        what = "a special session" if expected.scheduled in days.sessions else "no trading day"
        text += f"; {expected.scheduled} is {what}, so it expires on the last regular day before it"
    return text


def _why_none(row: ExpiryRow, book: ExpiryBook, rules: Sequence[ExpiryRule]) -> str:
    if row.kind == "weekly":
        week = row.scheduled.isocalendar()[:2]
        for monthly in book.rows:
            if monthly.kind == "monthly" and monthly.scheduled.isocalendar()[:2] == week:
                return (
                    f"no weekly contract exists in the week of a monthly expiry, here that of "
                    f"{monthly.final} ({monthly.rule})"
                )
    of_kind = [rule for rule in rules if rule.kind == row.kind]
    if not of_kind:
        return f"the exchange lists no {row.kind} contracts of {row.instrument}"
    return _nearest(row.kind, row.scheduled, of_kind)


def _nearest(kind: Kind, day: date, rules: Sequence[ExpiryRule]) -> str:
    rule = min(rules, key=lambda one: _distance(one, day))
    text = f"{rule.label} holds for days {_span(rule.first, rule.last)} [{rule.source}]"
    if rule.covers(day):
        return f"{text}; the calendar does not reach {day}"
    return f"no {kind} rule covers {day}; the nearest, {text}"


def _distance(rule: ExpiryRule, day: date) -> int:
    return max((rule.first - day).days, (day - rule.last).days, 0)


def _span(first: date, last: date) -> str:
    return f"from {first} on" if last == date.max else f"from {first} to {last}"
