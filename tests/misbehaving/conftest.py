"""Fixtures: fake distributions."""

from tests.fake_distributions import load, site

__all__ = ["load", "site"]
