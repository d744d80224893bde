"""Costs: what a fill pays besides its price."""

from tickloom.engine.costs.model import CostModel, parse_costs
from tickloom.engine.costs.terms import CostTerms

__all__ = ["CostModel", "CostTerms", "parse_costs"]
