"""Fixtures: fake distributions, and a host that sees them."""

from tests.fake_distributions import load, site

__all__ = ["load", "site"]
