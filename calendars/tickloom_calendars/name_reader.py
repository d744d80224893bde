"""From trading symbols to contracts: the grammar proposes, the calendar decides, nobody guesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tickloom import Contract, NameReading
from tickloom_calendars.expiry_book import ExpiryBook
from tickloom_calendars.symbol_grammar import LAST_YEAR_FIRST, MONTHS, Form, Stated, forms_of, parse

INDEX_STRIKES: Final = (1_000.0, 1_000_000.0)
"""Lowest strike of an index option, and what none reaches."""

STOCK_STRIKES: Final = (0.0, 1_000_000.0)
"""The same of a stock option."""

REACH: Final = 2.0
"""So many times beyond the strikes of a listing's other names a strike of the same underlying may
lie: it takes a split, or years, to get farther."""

_EXPECTED: Final = (
    "expected UNDERLYING YY MMM STRIKE CE|PE (banknifty24dec49000pe) or, for an index, "
    "UNDERLYING YY M DD STRIKE CE|PE with the month 1-9, O, N or D (banknifty22n1038700pe)"
)


class NameReader:
    """Reads whole listings of trading symbols."""

    def __init__(
        self, known: Iterable[str], indices: Iterable[str], book: Callable[[str], ExpiryBook]
    ) -> None:
        self._known = sorted(known, key=lambda name: (-len(name), name))
        self._indices = frozenset(indices)
        self._book = book

    def read(self, symbols: Sequence[str], dialect: str) -> list[NameReading]:
        """One reading for each symbol, in order."""
        forms = forms_of(dialect)
        readings = [self._read(symbol, forms, dialect) for symbol in symbols]
        if not any(one.readings for one in readings):
            return readings
        strikes = _strikes_of(readings)
        return [_by_listing(one, strikes) if one.readings else one for one in readings]

    def _read(self, symbol: str, forms: tuple[Form, ...], dialect: str) -> NameReading:
        stated = parse(symbol.strip().upper(), forms, self._known)
        if not stated or self._has_stray_digits(stated[0].underlying):
            return NameReading(symbol, None, f"{symbol!r} is not an option's name; {_EXPECTED}")
        sound = [one for one in stated if self._is_dated(one)]
        if not sound:
            return self._undated(symbol, stated)
        if len(stated) == 1:
            return NameReading(symbol, self._contract(sound[0]))
        if dialect:
            return self._choose_of_vendor(symbol, sound, dialect)
        return self._choose(symbol, stated, sound)

    def _choose(self, symbol: str, stated: list[Stated], sound: list[Stated]) -> NameReading:
        """Resolve a name with several readings, of which at least one is in the calendar.

        A reading that the calendar does not have is out, and so is another vendor's where the
        exchange's own form makes sense and the other's strike does not. The reverse is not
        concluded: an absurd strike in the exchange's form says that another vendor wrote the name,
        not which.
        """
        own = stated[0]
        if own in sound and not self._is_plausible(own):
            return self._ambiguous(symbol, stated)
        left = [one for one in sound if one is own or self._is_plausible(one)]
        if len(left) > 1:
            return self._ambiguous(symbol, left)
        return NameReading(symbol, self._contract((left or sound)[0]))

    def _choose_of_vendor(self, symbol: str, sound: list[Stated], dialect: str) -> NameReading:
        """Settle a name that a known vendor wrote: in one of its own forms, and nobody else's."""
        left = [one for one in sound if self._is_plausible(one)] or sound
        last = LAST_YEAR_FIRST.get(dialect, "9999-12")
        if len(left) > 1:
            left = [one for one in left if not one.month or one.month <= last] or left
        if len(left) > 1:
            return self._ambiguous(symbol, left)
        return NameReading(symbol, self._contract(left[0]))

    def _ambiguous(self, symbol: str, stated: list[Stated]) -> NameReading:
        readings = tuple(self._contract(one) for one in stated)
        said = " or ".join(
            f"{c.underlying} {c.period} {c.strike:.10g} {c.right} ({one.form})"
            for c, one in zip(readings, stated, strict=True)
        )
        clear = " or ".join(self._clear_name(one) for one in stated)
        error = (
            f"{symbol!r} is ambiguous: {said}; name the vendor's dialect (--dialect), or rename it "
            f"to {clear}"
        )
        return NameReading(symbol, None, error, readings, doubts=tuple(map(self._doubt, stated)))

    def _doubt(self, stated: Stated) -> str:
        """What speaks against a reading; empty where nothing does."""
        if not self._is_dated(stated):
            return "no such expiry is in the calendar"
        if not self._is_plausible(stated):
            return f"no option on {stated.underlying} has had a strike of {stated.strike:.10g}"
        return ""

    def _clear_name(self, stated: Stated) -> str:
        """A name that has no other reading: the day first, C or P before the strike."""
        book = self._book(stated.underlying)
        day = stated.day or book.monthly[stated.month].final
        month = f"{day:%d}{MONTHS[day.month - 1]}{day:%y}"
        return f"{stated.underlying}{month}{stated.right[0]}{stated.strike:.10g}"

    def _undated(self, symbol: str, stated: list[Stated]) -> NameReading:
        """No reading is in the calendar. A lone contract month is left to the calendar, which
        tells how to add it; a day on which nothing expires is an error of the name."""
        if len(stated) == 1 and stated[0].month:
            return NameReading(symbol, self._contract(stated[0]))
        said = " or ".join(f"{one.underlying} {one.month or one.day}" for one in stated)
        return NameReading(
            symbol,
            None,
            f"{symbol!r} states {said}: no such expiry is in the calendar; if there was one, add "
            "its row to a CSV file with the columns Instrument, Expiry_Type, Contract_Month, "
            "Final_Expiry and pass it with --calendar FILE",
        )

    def _is_dated(self, stated: Stated) -> bool:
        book = self._book(stated.underlying)
        return stated.month in book.monthly if stated.month else stated.day in book.dated

    def _is_plausible(self, stated: Stated) -> bool:
        low, high = INDEX_STRIKES if stated.underlying in self._indices else STOCK_STRIKES
        return low <= stated.strike < high

    def _contract(self, stated: Stated) -> Contract:
        """The contract by what the name states: a corrected calendar dates a stated day anew, where
        a contract month that the calendar had put in its place would stay wrong."""
        underlying, right, strike = stated.underlying, stated.right, stated.strike
        if stated.day is None:
            return Contract(underlying, "monthly", stated.month, right, strike)
        row = self._book(underlying).dated.get(stated.day)
        kind = row.kind if row is not None else "weekly"
        return Contract(underlying, kind, stated.day.isoformat(), right, strike)

    def _has_stray_digits(self, underlying: str) -> bool:
        """Is it a known underlying with digits behind it, such as ``BANKNIFTY1``?"""
        if underlying in self._indices:
            return False
        bare = underlying.rstrip("0123456789")
        return bare != underlying and bare in self._indices


def _strikes_of(readings: Iterable[NameReading]) -> dict[str, tuple[float, float]]:
    """The lowest and the highest strike of each underlying, by the names that are clear: of one
    strike alone nobody knows whether the listing is about it."""
    found: defaultdict[str, set[float]] = defaultdict(set)
    for one in readings:
        if one.contract is not None:
            found[one.contract.underlying].add(one.contract.strike)
    return {name: (min(known), max(known)) for name, known in found.items() if len(known) > 1}


def _by_listing(reading: NameReading, strikes: Mapping[str, tuple[float, float]]) -> NameReading:
    """An ambiguous name with the one contract whose strike is like those of the listing's other
    names, where there is one."""
    left = []
    for contract, doubt in zip(reading.readings, reading.doubts, strict=True):
        if contract.underlying not in strikes:
            return reading
        low, high = strikes[contract.underlying]
        if not doubt and low / REACH <= contract.strike <= high * REACH:
            left.append(contract)
    if len(left) != 1:
        return reading
    [one] = left
    low, high = strikes[one.underlying]
    note = (
        f"{reading.symbol!r} was ambiguous; it is {one.underlying} {one.period} {one.strike:.10g} "
        f"{one.right}, since the listing's other names have strikes from {low:.10g} to {high:.10g}"
    )
    return NameReading(reading.symbol, one, note=note)
