"""Stands for asv in the tests of the comparison: replays recorded results, and keeps a log."""
