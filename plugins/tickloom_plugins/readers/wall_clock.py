"""From a vendor's stamps to the exchange's wall clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import polars as pl

from tickloom import ReadError
from tickloom_plugins.readers.mapping import ANY_EPOCH, STATED, Clock

EPOCH_UNITS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Unit of a count to microseconds; nanoseconds are divided instead."""

EPOCH_RANGES: Final = {"s": 1e9, "ms": 1e12, "us": 1e15, "ns": 1e18}
"""Unit to a count in September 2001; up to five times as much (2128) it can be nothing else."""

_TIME: Final = r"(^|[ Tt])\d{1,2}:\d\d(:\d\d([.,]\d+)?)?"
_OFFSET: Final = _TIME + r"\s*([Zz]|[+-]\d\d:?\d\d)$"
_ISO: Final = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")


def wall_clock(text: pl.Series, clock: Clock, zone: str) -> pl.Series:
    """``text`` as ``Datetime[us]`` of the wall clock of ``zone``, shifted as the clock says; null
    where it is no stamp.

    Raises :class:`tickloom.ReadError` where stamps carry an offset and the clock says that they do
    not, or only some of them carry the offset that it promises.
    """
    stamps = _stamps(text, clock, zone)
    return stamps + dt.timedelta(seconds=clock.shift) if clock.shift else stamps


def _stamps(text: pl.Series, clock: Clock, zone: str) -> pl.Series:
    if clock.unit:
        naive = from_count(text, clock.unit)
        return _moved(naive, clock.zone, zone)
    _check_offsets(text, clock)
    if clock.zone == STATED:
        return _parse(text, clock, "%#z").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return _moved(_parse(text, clock, ""), clock.zone, zone)


def from_count(text: pl.Series, unit: str) -> pl.Series:
    """Counts since 1970-01-01 as ``Datetime[us]`` of the same clock; fractions are rounded to
    microseconds, and null is what is no number."""
    if unit == ANY_EPOCH:
        unit = _unit_of(text)
    whole = text.cast(pl.Int64, strict=False)
    if unit == "ns":
        micros = whole // 1_000
    else:
        scale = EPOCH_UNITS[unit]
        rounded = (text.cast(pl.Float64, strict=False) * scale).round().cast(pl.Int64, strict=False)
        micros = (whole * scale).zip_with(whole.is_not_null(), rounded)
    return micros.cast(pl.Datetime("us"))


def _unit_of(text: pl.Series) -> str:
    """The one unit that all counts can be in; 0 can be in any.

    Raises :class:`tickloom.ReadError` where there is none, or several.
    """
    counts = text.cast(pl.Float64, strict=False).drop_nulls()
    counts = counts.filter(counts != 0)
    found = [
        unit for unit, start in EPOCH_RANGES.items() if counts.is_between(start, 5 * start).any()
    ]
    if len(found) > 1 or (not found and len(counts)):
        raise ReadError(
            "expected counts of seconds, milli-, micro- or nanoseconds since 1970 in one unit; "
            f"found {' and '.join(found) or counts[0]}."
        )
    return found[0] if found else "s"


def _check_offsets(text: pl.Series, clock: Clock) -> None:
    if clock.zone == STATED:
        wrong = text.filter(text.str.contains(_TIME + "$"))
        if len(wrong):
            raise ReadError(
                f"expected an offset with every stamp; found {len(wrong)} without one, such as "
                f"{wrong[0]!r}. Their zone is missing: say it in the mapping."
            )
        return
    wrong = text.filter(text.str.contains(_OFFSET))
    if len(wrong):
        raise ReadError(
            f"expected stamps of the zone {clock.zone} without an offset; found {len(wrong)} with "
            f"one, such as {wrong[0]!r}. Say zone = {STATED!r} if all of them carry one."
        )


def _parse(text: pl.Series, clock: Clock, offset: str) -> pl.Series:
    def parse(format_: str) -> pl.Series:
        return text.str.to_datetime(format_, strict=False, time_unit="us")

    if clock.format:
        return parse(clock.format)
    text = text.str.replace("T", " ", literal=True)
    return _first_success(parse, [one + offset for one in _ISO])


def _first_success(parse: Callable[[str], pl.Series], formats: list[str]) -> pl.Series:
    parsed = parse(formats[0])
    for format_ in formats[1:]:
        if parsed.null_count():
            parsed = parsed.zip_with(parsed.is_not_null(), parse(format_))
    return parsed


def _moved(naive: pl.Series, source: str, target: str) -> pl.Series:
    if source == target:
        return naive
    aware = naive.dt.replace_time_zone(source, ambiguous="null", non_existent="null")
    return aware.dt.convert_time_zone(target).dt.replace_time_zone(None)
