"""Compares two commits by their asv results, and can be believed.

``asv_results`` reads what asv wrote, ``verdicts`` judges it, ``report`` words it, ``rounds`` has
asv measure both commits in turn, ``selftest`` proves the whole on planted commits.
"""
