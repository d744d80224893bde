"""The documented pipeline's designs, written afresh from its description, as yardsticks.

Three ways to run the EMA cross-over over packed files, and the script that packs them. Their quirks
are theirs and stay: a null price becomes 0 and feeds the averages, the two fast designs tell
contracts apart without all of the name, files are handed out in chunks of ten. What differs from
the description is what its own text rules out: workers are spawned, since Polars deadlocks after a
fork; averages are ``adjust=False``, since its inline formula is; and the sort of the single pass
keeps the order of equal seconds, since its result would be chance otherwise.
"""
