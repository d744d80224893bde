"""Partition files: their order, types, indexes, and what is derived in them."""
