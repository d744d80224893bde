"""Kernels over a store: registry entries, loops, scan, schedule, results."""
