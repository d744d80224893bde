"""What a calendar makes of trading symbols, as plain values for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tickloom.contracts import Contract
from tickloom.specs.calendar import Calendar, CalendarGapError


def look_up(symbols: Sequence[str], calendar: Calendar, dialect: str = "") -> list[dict[str, Any]]:
    """One mapping for each symbol, in order.

    Keys: ``symbol, underlying, expiry, scheduled_expiry, kind, strike, right`` (and
    ``provisional`` where it is) and ``rule``, which is for people; or ``symbol, error`` and, for an
    ambiguous one, ``readings``.
    """
    return [
        {"symbol": symbol, **_described(reading.contract, calendar)}
        if reading.contract is not None
        else {"symbol": symbol, "error": reading.error, **_readings(reading.readings, calendar)}
        for symbol, reading in zip(symbols, calendar.read_names(symbols, dialect), strict=True)
    ]


def _readings(readings: Sequence[Contract], calendar: Calendar) -> dict[str, Any]:
    if not readings:
        return {}
    # What a reading says about the contract stands, dated or not.
    return {"readings": [_stated(one) | _described(one, calendar) for one in readings]}


def _described(contract: Contract, calendar: Calendar) -> dict[str, Any]:
    try:
        expiry = calendar.expiry(contract)
    except CalendarGapError as error:
        return {"error": str(error)}
    found: dict[str, Any] = {
        "underlying": contract.underlying,
        "expiry": expiry.date,
        "scheduled_expiry": expiry.scheduled,
        "kind": expiry.kind,
        "strike": contract.strike,
        "right": contract.right,
    }
    if expiry.provisional:
        found["provisional"] = True
    return found | {"rule": expiry.rule}


def _stated(contract: Contract) -> dict[str, Any]:
    return {
        "underlying": contract.underlying,
        "expiry": contract.period,
        "kind": contract.kind,
        "strike": contract.strike,
        "right": contract.right,
    }
