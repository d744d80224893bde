"""What the user asks of costs, and what that comes to on one day for one underlying."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.orders.charges import charges_on, lots_on
from tickloom.errors import UsageError

NSE_BROKERAGE: Final = 20.0
"""Rupees per executed order: the flat fee of India's large discount brokers."""

SMALLEST_LOT: Final = 1e-6
LARGEST_LOT: Final = 1e9
"""Units in one contract; with them, contracts offered in a book stay within 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTerms:
    """The terms of one trading day and underlying; with them, results are money.

    One contract is ``multiplier`` units. A fill of ``size`` contracts at ``price`` pays
    ``per_order + per_contract * size + rate * price * size * multiplier``, where rate is
    ``buy_rate`` or ``sell_rate``.
    """

    multiplier: float | NDArray[np.float64] = 1.0
    """Units in one contract: the lot size, one for all contracts or of shape (contracts,). Profit
    is price difference times size times this."""

    per_order: float = 0.0
    """Flat charge per fill, currency."""

    per_contract: float = 0.0
    """Charge per contract filled, currency."""

    buy_rate: float = 0.0
    """Share of the premium that a buyer pays."""

    sell_rate: float = 0.0
    """Share of the premium that a seller pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """Costs of a run. It can be pickled."""

    nse: bool = False
    """The charges and lot sizes of NSE options by date."""

    brokerage: float = 0.0
    """Flat charge per order, currency; with ``nse``, goods and services tax comes on top."""

    fee: float = 0.0
    """Charge per contract filled, currency."""

    lot: float | None = None
    """Units in one contract; None: NSE's by date with ``nse``, else 1."""

    def __str__(self) -> str:
        """What :func:`parse_costs` reads as this model, with the amounts that are not said too."""
        amounts = {"brokerage": self.brokerage, "fee": self.fee, "lot": self.lot}
        said = {name: amount for name, amount in amounts.items() if amount}
        if self.nse or not said:
            said = {"brokerage": self.brokerage, **said}
        texts = [f"{name}={amount!r}".removesuffix(".0") for name, amount in said.items()]
        return ",".join(["nse", *texts] if self.nse else texts)

    def terms(self, underlying: str, day: date, expiries: NDArray[np.int64]) -> CostTerms:
        """The terms for contracts of ``underlying`` that expire on ``expiries`` (days since
        1970-01-01, shape (contracts,)), traded on ``day``.

        Raises :class:`UsageError` where the tables do not reach.
        """
        if not self.nse:
            return CostTerms(
                multiplier=self.lot or 1.0, per_order=self.brokerage, per_contract=self.fee
            )
        charges = charges_on(day)
        both = charges.exchange * (1 + charges.gst) + charges.sebi * (1 + charges.gst_sebi)
        both += charges.investor_protection
        return CostTerms(
            multiplier=self.lot or lots_on(underlying, day, expiries),
            per_order=self.brokerage * (1 + charges.gst),
            per_contract=self.fee,
            buy_rate=both + charges.stamp,
            sell_rate=both + charges.stt,
        )


def parse_costs(text: str) -> CostModel | None:
    """``'none'``, ``'nse'``, ``'nse,brokerage=0'`` or ``'fee=1.5,lot=75'`` as a cost model.

    Raises :class:`UsageError` for anything else.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["none"]:
        return None
    nse = words[:1] == ["nse"]
    values: dict[str, float] = {}
    for word in words[1:] if nse else words:
        name, equals, number = word.partition("=")
        if not equals or name not in ("brokerage", "fee", "lot"):
            raise _misread(text)
        if name in values:
            raise UsageError(f"costs name {name!r} twice: {text!r}; give one amount")
        values[name] = _amount(text, number)
    if not words:
        raise _misread(text)
    if not SMALLEST_LOT <= values.get("lot", 1.0) <= LARGEST_LOT:
        raise UsageError(
            f"a lot has from {SMALLEST_LOT:g} to {LARGEST_LOT:,.0f} units; found {text!r}"
        )
    if nse:
        values.setdefault("brokerage", NSE_BROKERAGE)
    return CostModel(nse=nse, **values)


def _amount(text: str, number: str) -> float:
    try:
        amount = float(number)
    except ValueError:
        raise _misread(text) from None
    if not 0 <= amount < float("inf"):
        raise _misread(text)
    return amount


def _misread(text: str) -> UsageError:
    return UsageError(
        "costs must be 'none', 'nse' (charges and lot sizes by date), or amounts that are not "
        f"negative, like 'nse,brokerage=0' or 'fee=1.5,lot=75'; found {text!r}"
    )
