"""What an Indian option's name can say, by grammar alone: no calendar is asked here.

Forms: ``year-month`` BANKNIFTY24DEC49000PE; ``year-day`` BANKNIFTY22N1038700PE (month 1-9, O, N or
D); ``day-first`` NIFTY04APR2423000CE; ``day-letter`` M&M30MAY24C2340;
``identifier`` OPTIDXBANKNIFTY28-12-2023PE33000.00.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date
from functools import cache
from typing import Final, Literal, NamedTuple

from tickloom import Right, UsageError

Form = Literal["year-month", "year-day", "day-first", "day-letter", "identifier"]

FORMS_OF_DIALECT: Final[dict[str, tuple[Form, ...]]] = {
    "": ("year-month", "year-day", "day-first", "day-letter", "identifier"),
    "nse": ("year-month", "year-day", "identifier"),
    "kite": ("year-month", "year-day"),
    "angelone": ("day-first",),
    # GDFL wrote the month's name after the year until 2020 and the day first since, in one archive.
    "gdfl": ("year-month", "day-first"),
    # AliceBlue writes its own form for NSE and the exchange's for BSE.
    "aliceblue": ("day-letter", "year-month", "year-day"),
}
"""The forms that a vendor uses; the empty dialect takes any."""

LAST_YEAR_FIRST: Final = {"gdfl": "2020-12"}
"""The last contract month for which a vendor of several forms wrote the year first, as a rule."""

MONTHS: Final = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_MONTH_NUMBERS: Final = {name: number for number, name in enumerate(MONTHS, 1)}
_MONTH = "|".join(MONTHS)
_STRIKE = r"\d+(?:\.\d+)?"
# What follows the underlying: a pattern that begins with the underlying tries every split of it.
_MONTH_NAME = re.compile(rf"(\d\d)({_MONTH})({_STRIKE})(CE|PE)\Z")
_DAY_LETTER = re.compile(rf"(\d\d)({_MONTH})(\d\d)([CP])({_STRIKE})\Z")
_IDENTIFIER = re.compile(rf"(\d\d)-(\d\d)-(\d{{4}})(CE|PE)({_STRIKE})\Z")
_IDENTIFIER_START = re.compile("OPT(?:IDX|STK)")
_UNDERLYING = re.compile(r"[A-Z0-9&-]*[A-Z][A-Z0-9&-]*")
_YEAR_DAY = re.compile(rf"(\d\d)([1-9OND])(\d\d)({_STRIKE})(CE|PE)")
_DECIMAL = re.compile(_STRIKE)
_LETTER_MONTHS: Final = {"O": 10, "N": 11, "D": 12}


class Stated(NamedTuple):
    """One thing that a name can say. A tuple: making one costs a third of a dataclass."""

    form: Form
    """The form by which it was read."""

    underlying: str
    """Upper-case symbol."""

    month: str
    """``YYYY-MM`` where the name states a contract month, else empty."""

    day: date | None
    """The day that the name states, else None."""

    strike: float
    """Positive."""

    right: Right
    """CE or PE."""


def forms_of(dialect: str) -> tuple[Form, ...]:
    """The forms of a dialect; raises :class:`UsageError` listing the dialects."""
    if dialect not in FORMS_OF_DIALECT:
        known = ", ".join(name for name in FORMS_OF_DIALECT if name)
        raise UsageError(f"unknown dialect {dialect!r}; expected one of {known}")
    return FORMS_OF_DIALECT[dialect]


def parse(symbol: str, forms: Collection[Form], known: Iterable[str]) -> list[Stated]:
    """All that an upper-case symbol can say in the given forms, the exchange's own form first.

    ``known`` are the underlyings that have weekly names, longest first: only they can end in
    digits that the year follows. A segment behind the name, ``.NFO`` or ``.BFO``, says where it
    trades and not how it is written.
    """
    symbol = symbol.removesuffix(".NFO").removesuffix(".BFO")
    if match := _MONTH_NAME.search(symbol):
        found = _month_name(match, forms)
    elif not symbol[-1:].isdigit():
        found = _year_day(symbol, known) if "year-day" in forms else []
    elif match := _DAY_LETTER.search(symbol):
        found = _day_letter(match) if "day-letter" in forms else []
    else:
        found = _identifier(symbol) if "identifier" in forms else []
    return [one for one in found if _is_underlying(one.underlying)]


@cache
def _is_underlying(name: str) -> bool:
    return _UNDERLYING.fullmatch(name) is not None


def _month_name(match: re.Match[str], forms: Collection[Form]) -> list[Stated]:
    """UND dd MMM digits CE|PE: the two digits are the year, or the day and a year follows."""
    und = match.string[: match.start()]
    digits, month_name, rest, right = match.groups()
    month = _MONTH_NUMBERS[month_name]
    found = []
    if "year-month" in forms:
        found += _stated("year-month", und, f"20{digits}-{month:02d}", None, rest, right)
    if "day-first" in forms and rest[:2].isdigit():
        day = _date(int(rest[:2]), month, int(digits))
        found += _stated("day-first", und, "", day, rest[2:], right)
    return found


def _day_letter(match: re.Match[str]) -> list[Stated]:
    day, month, year, letter, strike = match.groups()
    stated_day = _date(int(year), _MONTH_NUMBERS[month], int(day))
    return _stated(
        "day-letter", match.string[: match.start()], "", stated_day, strike, f"{letter}E"
    )


def _identifier(symbol: str) -> list[Stated]:
    start, match = _IDENTIFIER_START.match(symbol), _IDENTIFIER.search(symbol)
    if start is None or match is None:
        return []
    day, month, year, right, strike = match.groups()
    und = symbol[start.end() : match.start()]
    stated_day = _date(int(year) - 2000, int(month), int(day))
    return _stated("identifier", und, "", stated_day, strike, right)


def _year_day(symbol: str, known: Iterable[str]) -> list[Stated]:
    found = []
    for und in known:
        if symbol.startswith(und) and (match := _YEAR_DAY.fullmatch(symbol, len(und))):
            year, letter, day, strike, right = match.groups()
            month = _LETTER_MONTHS.get(letter) or int(letter)
            found += _stated("year-day", und, "", _date(int(year), month, int(day)), strike, right)
    return found


def _stated(
    form: Form, underlying: str, month: str, day: date | None, strike: str, right: str
) -> list[Stated]:
    """One reading, or none where the date does not exist or the strike is not a number that an
    exchange would write."""
    if not (month or day) or not (strike.isdigit() or _DECIMAL.fullmatch(strike)):
        return []
    price = float(strike)
    if price == 0 or (strike[0] == "0" and strike[1] != "."):
        return []
    side: Right = "CE" if right == "CE" else "PE"
    return [Stated(form, underlying, month, day, price, side)]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(2000 + year, month, day)
    except ValueError:
        return None
