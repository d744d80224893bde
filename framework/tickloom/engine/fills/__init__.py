"""Fills: at which price, when and how much of a wanted position is traded."""

from tickloom.engine.fills.model import FillMode, FillModel, milliseconds, parse_latency

__all__ = ["FillMode", "FillModel", "milliseconds", "parse_latency"]
