"""Kernels over a store: registry entries, generated loops, scan, schedule, results."""
