"""The dates of a file's ticks settle what its name leaves open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tickloom.contracts import Contract, NameReading
from tickloom.specs.calendar import Calendar, CalendarGapError


def settle_by_ticks(reading: NameReading, last_tick: date, calendar: Calendar) -> NameReading:
    """``reading`` with its one contract, where only one of its readings can have traded on the
    day of the last tick: a contract cannot trade after its expiry.

    Whatever the ticks do not settle comes back with an error that says what they were asked.
    """
    if reading.contract is not None or not reading.readings:
        return reading
    alive = [one for one in reading.readings if _trades_on(one, last_tick, calendar)]
    if len(alive) == 1:
        contract = alive[0]
        note = (
            f"{reading.symbol!r} was ambiguous; its last tick is of {last_tick}, and only "
            f"{contract.underlying} {contract.period} {contract.strike:.10g} {contract.right} "
            "had not expired by then"
        )
        return replace(reading, contract=contract, error="", note=note)
    which = "several" if alive else "none"
    return replace(
        reading,
        error=f"{reading.error}; its last tick is of {last_tick}, when {which} of them could trade",
    )


def _trades_on(contract: Contract, day: date, calendar: Calendar) -> bool:
    try:
        return calendar.expiry(contract).date >= day
    except CalendarGapError:
        # Not in the calendar, which may be at fault: the day that the name states counts.
        return contract.period >= day.isoformat()[: len(contract.period)]
