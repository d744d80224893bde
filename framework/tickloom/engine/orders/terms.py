"""A cost model, boiled down to what one partition's fills pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
