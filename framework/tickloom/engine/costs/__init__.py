"""Costs: what a fill pays besides its price."""

from tickloom.engine.costs.terms import CostTerms

__all__ = ["CostTerms"]
