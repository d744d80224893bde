"""Acme Capital's momentum strategy for tickloom."""
