"""What a caller asked of a frame, checked before anything is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypedDict, Unpack, get_args

import numpy as np

from tickloom.contracts import Instrument, Right
from tickloom.engine import arguments
from tickloom.engine.orders import milliseconds
from tickloom.engine.request.filters import Filters
from tickloom.engine.request.options import Day
from tickloom.engine.request.resolve import filters_of
from tickloom.errors import UsageError
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import EPOCH, ContractColumns

Underlying = Literal["spot", "future", "forward"]
"""What can be joined to option ticks."""

NEAREST: Final = "nearest"
"""As an expiry: on each day, the first that has not passed."""

ADDED: Final = (
    *("spot_price", "distance_from_spot", "moneyness_pct"),
    *("intrinsic_value", "time_value", "mid_price"),
)
"""Columns that are computed on demand."""


class Selection(TypedDict, total=False):
    """Which rows; everything by default."""

    underlyings: str | Sequence[str]
    start: Day | None
    end: Day | None
    expiry: Day | Sequence[Day]
    strikes: str | tuple[float, float] | None
    right: Right | None


class Joined(TypedDict, total=False):
    """What is put beside the ticks."""

    with_underlying: Underlying | None
    stale_ms: float
    rate: float
    add: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Which rows of a store a frame has."""

    instrument: Instrument
    """Options, or a series."""

    filters: Filters
    """Which partitions, and which contracts of them."""

    nearest: bool
    """Of those contracts, only the first expiry that has not passed on the day."""

    def contracts(self, key: PartitionKey, contracts: ContractColumns) -> ContractColumns:
        """Those of a partition's ``contracts`` that are selected."""
        chosen = self.filters.contracts(contracts)
        return nearest_of(chosen, key.date) if self.nearest else chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is put beside option ticks."""

    underlying: Underlying | None
    """What is joined."""

    stale_us: int
    """Microseconds after which a value is too old; 0: never."""

    rate: float
    """Interest per year, compounded continuously, for the forward."""

    added: tuple[str, ...]
    """Columns that are computed."""


def nearest_of(contracts: ContractColumns, day: date) -> ContractColumns:
    """Those of ``contracts`` that expire first, on ``day`` or later."""
    ahead = contracts.where(contracts.expiries >= day.toordinal() - EPOCH)
    return ahead.where(ahead.expiries == ahead.expiries.min(initial=np.iinfo(np.int64).max))


def selected_of(instrument: Instrument, given: Selection) -> Selected:
    """What ``given`` selects; raises :class:`UsageError`."""
    if instrument not in get_args(Instrument):
        raise arguments.wrong("instrument", "'option', 'spot' or 'future'", instrument)
    if unknown := set(given) - set(Selection.__annotations__):
        known = ", ".join(Selection.__annotations__)
        raise UsageError(f"unknown argument {sorted(unknown)[0]!r}; expected one of: {known}")
    expiry = given.get("expiry", ())
    nearest = isinstance(expiry, str) and expiry == NEAREST
    filters = filters_of(
        given.get("underlyings", ()),
        given.get("start"),
        given.get("end"),
        () if nearest else expiry,
        given.get("strikes"),
        given.get("right"),
    )
    if instrument != "option" and (filters.strikes or filters.right):
        raise UsageError(f"strikes and right select options; {instrument} ticks have neither")
    if instrument == "spot" and (nearest or filters.expiries):
        raise UsageError("expiry selects options and futures; spot ticks have none")
    return Selected(instrument=instrument, filters=filters, nearest=nearest)


def beside_of(instrument: Instrument, **given: Unpack[Joined]) -> Beside:
    """What is put beside ticks of ``instrument``; raises :class:`UsageError`."""
    underlying, rate = given.get("with_underlying"), given.get("rate", 0.0)
    if underlying is not None and underlying not in get_args(Underlying):
        raise arguments.wrong("with_underlying", "'spot', 'future', 'forward' or None", underlying)
    if not arguments.is_number(rate) or math.isinf(rate):
        raise arguments.wrong("rate", "interest per year, like 0.065", rate)
    if rate and underlying != "forward":
        raise UsageError("rate is for the forward; give with_underlying='forward' with it")
    stale_ns = milliseconds("stale_ms", given.get("stale_ms", 0))
    stale_us = max(stale_ns // 1000, int(stale_ns > 0))
    if stale_us and underlying is None:
        raise UsageError("stale_ms limits the age of what with_underlying joins; give that with it")
    added = tuple(arguments.several("add", given.get("add", ()), "names of columns, in a list"))
    for name in added:
        if name not in ADDED:
            raise UsageError(f"cannot add a column {name!r}; expected some of: {', '.join(ADDED)}")
        if name != "mid_price" and underlying is None:
            raise UsageError(
                f"column {name!r} is measured from the underlying; say which value of it: "
                "with_underlying='spot', 'future' or 'forward'"
            )
    if "spot_price" in added and underlying != "spot":
        raise UsageError(
            f"with_underlying={underlying!r} gives the column '{underlying}_price'; "
            "give with_underlying='spot' for 'spot_price'"
        )
    if instrument != "option" and (underlying or added):
        raise UsageError(f"with_underlying and add are for options; found {instrument} ticks")
    return Beside(underlying=underlying, stale_us=stale_us, rate=float(rate), added=added)
