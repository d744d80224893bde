"""The committed tables: charges and lot sizes of NSE options by date, each row with its source."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import UsageError

_EPOCH: Final = date(1970, 1, 1).toordinal()
_FOREVER: Final = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """Charges from a day on, each a share of the premium but for ``gst`` and ``gst_sebi``."""

    start: date
    """First day."""

    stt: float
    """Securities transaction tax, the seller's."""

    exchange: float
    """Transaction charge of the exchange, both sides."""

    investor_protection: float
    """Contribution to the exchange's investor protection fund, both sides."""

    sebi: float
    """The regulator's turnover fee, both sides."""

    stamp: float
    """Stamp duty, the buyer's."""

    gst: float
    """Goods and services tax on brokerage and exchange, a share of them."""

    gst_sebi: float
    """Goods and services tax on the regulator's fee, a share of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """Units in one contract of some expiries, from a trading day on."""

    underlying: str
    """Upper case, without spaces."""

    start: date
    """First trading day."""

    first_expiry: date
    """First expiry that has the size."""

    last_expiry: date
    """Last expiry that has it."""

    lot: float
    """Units."""


def charges_on(day: date) -> Charges:
    """The charges on ``day``; raises :class:`UsageError` before the table's first."""
    table = charges()
    known = [row for row in table if row.start <= day]
    if not known:
        raise UsageError(
            f"the table of NSE charges starts on {table[0].start}; {day} is earlier. Use "
            "--costs fee=... for such days, or choose later ones with --from"
        )
    return known[-1]


def lots_on(underlying: str, day: date, expiries: NDArray[np.int64]) -> NDArray[np.float64]:
    """Units in one contract for each of ``expiries`` (days since 1970-01-01) on ``day``.

    Raises :class:`UsageError` for an underlying, a day or an expiry that the table does not have.
    """
    table = [row for row in lots() if row.underlying == underlying.upper()]
    if not table:
        known = ", ".join(sorted({row.underlying for row in lots()}))
        raise UsageError(
            f"the lot sizes of {underlying} are not known; known are {known}. Say it: "
            "--costs nse,lot=..., or leave it out with --underlying"
        )
    if day < table[0].start:
        raise UsageError(
            f"the lot sizes of {underlying} start with {table[0].start}; {day} is earlier. Say it: "
            "--costs nse,lot=..., or choose later days with --from"
        )
    sizes = np.zeros(len(expiries), np.float64)
    for row in table:
        if row.start <= day:
            low = row.first_expiry.toordinal() - _EPOCH
            high = row.last_expiry.toordinal() - _EPOCH
            sizes[(expiries >= low) & (expiries <= high)] = row.lot
    if not sizes.all():
        early = date.fromordinal(_EPOCH + int(expiries[sizes == 0][0]))
        raise UsageError(
            f"on {day} the lot size of {underlying} contracts that expire on {early} is not known; "
            "do they have the right expiry? Say it: --costs nse,lot=..."
        )
    return sizes


@cache
def charges() -> tuple[Charges, ...]:
    """The table of charges, by day."""
    return tuple(
        Charges(
            start=date.fromisoformat(row["from"]),
            stt=float(row["stt"]),
            exchange=float(row["exchange"]),
            investor_protection=float(row["investor_protection"]),
            sebi=float(row["sebi"]),
            stamp=float(row["stamp"]),
            gst=float(row["gst"]),
            gst_sebi=float(row["gst_sebi"]),
        )
        for row in _rows("nse_charges.csv")
    )


@cache
def lots() -> tuple[Lots, ...]:
    """The table of lot sizes, as written."""
    return tuple(
        Lots(
            underlying=row["underlying"],
            start=date.fromisoformat(row["from"]),
            first_expiry=date.fromisoformat(row["first_expiry"]),
            last_expiry=date.fromisoformat(row["last_expiry"]) if row["last_expiry"] else _FOREVER,
            lot=float(row["lot"]),
        )
        for row in _rows("nse_lots.csv")
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = files("tickloom.engine.orders").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
