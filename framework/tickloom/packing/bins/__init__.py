"""Bins: each contract-day's rows on their way from sources to partitions."""
