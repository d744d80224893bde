"""Conformance kits for plugin authors: generic pytest classes, a subclass needs fixtures only."""
