"""Stores that other tools wrote: read, adopted."""
