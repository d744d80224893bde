"""Partitions put together: columns, derived values, what a store's format asks for."""
