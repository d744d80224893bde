"""Writes a complete plugin package for its author to start from."""
