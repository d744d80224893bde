"""The mapping file: what a vendor's text files mean, in TOML. ``docs/readers.md`` explains it."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tickloom import RAW_COLUMNS, UsageError

STATED: Final = "stated"
"""The zone of a clock whose every stamp carries its own offset."""

ANY_EPOCH: Final = "any"
"""The unit of an epoch whose size tells it: seconds, milli-, micro- or nanoseconds."""

LEVELS: Final = 5
FILE_COLUMN: Final = "file"
"""Built-in column: the file's path below the source, with forward slashes."""

DEFAULT_NULLS: Final = ("", "null", "NULL", "None", "NaN", "nan", "NA", "N/A")

_TYPES: Final = {column.name: column.type for column in RAW_COLUMNS}


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a stamp is written, and in which zone."""

    zone: str
    """IANA zone that the stamps are in, or ``stated`` where each carries its offset."""

    columns: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Columns that make the stamp, joined by a blank."""

    format: str = ""
    """strftime format; empty for ISO 8601 with a blank or a T."""

    unit: Literal["", "s", "ms", "us", "ns", "any"] = ""
    """Unit of a count since 1970-01-01 00:00 in ``zone``; ``any``: its size tells the unit."""

    shift: float = 0.0
    """Seconds to add to each stamp: a bar's length where stamps say when it begins, so that rows
    are stamped when their values are known."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a column comes from."""

    column: str
    """Column of the file."""

    divide: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    """What to divide numbers by: 100 where prices are in paise."""

    cumulate: bool = False
    """Whether the numbers are each bar's own: rows get the contract's total of the day so far."""

    type: Literal["float64", "int64", "text"] = "text"
    """Type of an extra column; the store's own columns have theirs."""


class Lookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table whose columns are joined to the rows: tokens to symbols, say."""

    files: str
    """Glob below the source (or an absolute path); several files are one table."""

    key: str
    """Column that rows and table share."""


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several contracts that a line has: the call's side, say. What it says comes on top of
    what the mapping says for all."""

    symbol: str
    """Template of its trading symbol."""

    columns: dict[str, str | Source] = {}
    """Column of the store to file column."""

    extra: dict[str, str | Source] = {}
    """Further columns to keep, by their name in the store."""

    levels: dict[Literal["bp", "bq", "bo", "sp", "sq", "so"], str] = {}
    """File columns of the book, ``{}`` standing for the level."""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One vendor's files. Names of file columns may also be ``file`` and extracted groups."""

    clock: Clock
    """The ticks' clock."""

    symbol: str = ""
    """Template of the trading symbol, with file columns in braces."""

    dialect: str = ""
    """How the vendor writes symbols, such as `angelone`; any form unless said."""

    instrument: Literal["option", "future", "spot"] = "option"
    """What the rows are of. The symbol of a future or a spot is its underlying."""

    period: str = ""
    """Template of a future's month, YYYY-MM, or expiry, YYYY-MM-DD; empty where only the rows' days
    say it: the nearest month then."""

    instruments: tuple[Instrument, ...] = ()
    """The contracts of a line, where it has several; then ``symbol`` is left out."""

    columns: dict[str, str | Source] = {}
    """Column of the store to file column."""

    extra: dict[str, str | Source] = {}
    """Further columns to keep, by their name in the store."""

    levels: dict[Literal["bp", "bq", "bo", "sp", "sq", "so"], str] = {}
    """File columns of the book, ``{}`` standing for the level."""

    first_level: int = 1
    """Number of the best level in the file's names."""

    same_names: bool = False
    """Take every column whose name in the file is already the store's."""

    files: tuple[str, ...] = ("**/*.csv", "**/*.csv.gz", "**/*.csv.zst", "**/*.csv.zip")
    """Globs of the files, below the source."""

    compression: Literal["detect", "none", "gzip", "zstd", "bz2", "lz4", "zip"] = "detect"
    """By the content unless said. A zip holds one file."""

    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    """Between fields."""

    quote: Annotated[str, msgspec.Meta(max_length=1)] = '"'
    """Around a field; empty for none."""

    encoding: str = "utf-8"
    """Of the text."""

    skip_lines: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Lines before the header, or before the rows where there is none."""

    header: tuple[str, ...] = ()
    """The columns' names where the file has no header line."""

    nulls: tuple[str, ...] = DEFAULT_NULLS
    """Texts that mean null: nothing, null, NULL, None, NaN, nan, NA and N/A unless said."""

    trim: bool = True
    """Whether blanks around fields are taken off."""

    thousands: str = ""
    """Separator within numbers."""

    decimal: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = "."
    """Decimal point of numbers."""

    constants: dict[str, str] = {}
    """Columns that hold the same text in every row."""

    extract: dict[str, str] = {}
    """File column to a regular expression whose named groups become columns."""

    values: dict[str, dict[str, str]] = {}
    """File column to texts and what they are replaced by."""

    lookup: Lookup | None = None
    """A table to join."""

    keep: dict[str, tuple[str, ...]] = {}
    """File column to the texts of the rows to keep; other rows are another instrument's."""

    clocks: dict[str, Clock] = {}
    """Further stamps that are not written like ``clock``, by their column in the store."""


def load_mapping(path: Path) -> Mapping:
    """The mapping in ``path``. Raises :class:`tickloom.UsageError` naming what is wrong with it."""
    try:
        mapping = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8-sig")), Mapping)
    except OSError as error:
        raise UsageError(f"expected a mapping file; {path} cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"mapping {path}: {error}") from error
    except msgspec.ValidationError as error:
        raise UsageError(f"mapping {path}: {_told(error)}") from error
    if mapping.instruments and mapping.symbol:
        raise UsageError(f"mapping {path}: expected either a symbol or instruments; found both")
    for number, one in enumerate(instruments(mapping)):
        place = f"instruments[{number}]: " if mapping.instruments else ""
        for problem in _problems(one):
            raise UsageError(f"mapping {path}: {place}{problem}")
    return mapping


def _told(error: msgspec.ValidationError) -> str:
    """What is wrong, with what could stand there where that is one of a few."""
    found = re.fullmatch(r"Invalid enum value ('.*') - at `(?:.*\.)?(\w+)`", str(error))
    if found is None:
        return str(error)
    hints = {n: kind for one in (Mapping, Clock, Source) for n, kind in get_type_hints(one).items()}
    kind = hints[found[2]]
    choices = get_args(get_args(kind)[0] if get_origin(kind) is dict else kind)
    known = ", ".join(repr(value) for value in choices if value)
    return f"{found[2]}: expected one of {known}; found {found[1]}"


def instruments(mapping: Mapping) -> list[Mapping]:
    """For each contract that a line has the mapping of it alone."""
    if not mapping.instruments:
        return [mapping]
    return [
        msgspec.structs.replace(
            mapping,
            symbol=one.symbol,
            instruments=(),
            columns=mapping.columns | one.columns,
            extra=mapping.extra | one.extra,
            levels=mapping.levels | one.levels,
        )
        for one in mapping.instruments
    ]


def own_columns(mapping: Mapping) -> list[frozenset[str]]:
    """For each contract that a line has the columns of the store that it alone has a value for; a
    line without any of them has no row of it."""
    shared = sources(mapping)
    return [
        frozenset(name for name, source in sources(one).items() if shared.get(name) != source)
        for one in (instruments(mapping) if mapping.instruments else [])
    ] or [frozenset()]


def sources(mapping: Mapping) -> dict[str, Source]:
    """Column of the store to where it comes from, levels spelt out; extra columns last."""
    named = {name: _source(one) for name, one in mapping.columns.items()}
    for prefix, pattern in mapping.levels.items():
        for i in range(LEVELS):
            column = pattern.replace("{}", str(mapping.first_level + i))
            named.setdefault(f"{prefix}{i}", Source(column))
    return named | {name: _source(one) for name, one in mapping.extra.items()}


def template_columns(template: str) -> list[str]:
    """File columns that a template names."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def columns_used(mapping: Mapping) -> dict[str, str]:
    """File columns that the mapping names, and what for."""
    named = {one.column: name for name, one in sources(mapping).items()}
    for name, clock in {"clock": mapping.clock, **mapping.clocks}.items():
        named |= dict.fromkeys(clock.columns, name)
    named |= dict.fromkeys(template_columns(mapping.symbol), "symbol")
    named |= dict.fromkeys(template_columns(mapping.period), "period")
    for place in ("keep", "values", "extract"):
        named |= dict.fromkeys(getattr(mapping, place), place)
    if mapping.lookup is not None:
        named[mapping.lookup.key] = "lookup"
    return named


def _source(one: str | Source) -> Source:
    return Source(one) if isinstance(one, str) else one


def _problems(mapping: Mapping) -> list[str]:
    problems = []
    if mapping.period and mapping.instrument != "future":
        problems.append(f"only a future has a period; found instrument {mapping.instrument!r}")
    for name, clock in {"": mapping.clock, **mapping.clocks}.items():
        problems += [f"{f'clocks.{name}' if name else 'clock'}: {p}" for p in _clock_faults(clock)]
    for name in (*mapping.columns, *mapping.clocks):
        if name not in _TYPES or name == "timestamp":
            what = "comes from [clock]" if name == "timestamp" else "is no column of the store"
            problems.append(f"{name!r} {what}; expected one of {', '.join(_TYPES)}, or [extra]")
    for name, source in sources(mapping).items():
        if source.cumulate and not _is_number(name, source):
            problems.append(f"{name!r} is no number, so nothing can be cumulated")
    for name in mapping.extra:
        if name in _TYPES:
            problems.append(f"{name!r} is the store's own column; name it in [columns]")
    for column, pattern in mapping.extract.items():
        try:
            if not re.compile(pattern).groupindex:
                problems.append(f"extract.{column}: expected named groups, (?P<name>…); found none")
        except re.error as error:
            problems.append(f"extract.{column}: expected a regular expression; found {error}")
    try:
        named = template_columns(mapping.symbol)
    except ValueError:
        named = []
    if not any(named):
        problems.append(
            f"symbol: expected a template with columns in braces; found {mapping.symbol!r}"
        )
    return problems


def _is_number(name: str, source: Source) -> bool:
    return _TYPES.get(name, source.type) in ("float64", "int64")


def _clock_faults(clock: Clock) -> list[str]:
    faults = []
    if clock.zone != STATED:
        try:
            ZoneInfo(clock.zone)
        except (ZoneInfoNotFoundError, ValueError):
            faults.append(f"expected an IANA zone or {STATED!r}; found zone {clock.zone!r}")
    if clock.unit and clock.format:
        faults.append("expected either a format or a unit; found both")
    if clock.unit and clock.zone == STATED:
        faults.append(f"a count carries no offset; expected its zone; found {STATED!r}")
    has_offset = "%z" in clock.format or "%#z" in clock.format or "%:z" in clock.format
    if clock.format and has_offset != (clock.zone == STATED):
        faults.append(f"expected %z in the format if, and only if, zone is {STATED!r}")
    return faults
