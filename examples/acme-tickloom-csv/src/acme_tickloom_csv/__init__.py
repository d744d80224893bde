"""Acme Market Data's option files for tickloom."""
