"""Kernels made ready: compiled or taken from the cache, and called over slices."""
