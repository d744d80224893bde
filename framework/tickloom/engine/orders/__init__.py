"""Orders: at which prices they are filled, and what a fill pays besides its price."""

from tickloom.engine.orders.costs import CostModel, CostTerms, parse_costs
from tickloom.engine.orders.fills import FillMode, FillModel, milliseconds, parse_latency

__all__ = [
    "CostModel",
    "CostTerms",
    "FillMode",
    "FillModel",
    "milliseconds",
    "parse_costs",
    "parse_latency",
]
