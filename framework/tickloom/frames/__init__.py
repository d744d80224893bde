"""Frames: a store's rows, and the underlying beside them, as Polars frames."""
