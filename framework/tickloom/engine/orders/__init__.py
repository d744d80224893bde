"""Orders: at which prices they are filled, and what a fill pays besides its price."""

from tickloom.engine.orders.costs import CostModel, parse_costs
from tickloom.engine.orders.fills import FillMode, FillModel, milliseconds, parse_latency
from tickloom.engine.orders.terms import CostTerms

__all__ = [
    "CostModel",
    "CostTerms",
    "FillMode",
    "FillModel",
    "milliseconds",
    "parse_costs",
    "parse_latency",
]
