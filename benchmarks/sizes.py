"""How much data the suite works on: enough for 100 ms and more, little enough for two cores."""

from __future__ import annotations

import os


def quick() -> bool:
    """Was the small suite asked for?"""
    return os.environ.get("TICKLOOM_BENCH_QUICK", "") not in ("", "0")


def scaled(count: int) -> int:
    """``count``, or half of it in the small suite."""
    return count // 2 if quick() else count


def repeats(count: int) -> int:
    """Samples of one benchmark: ``count``, or half of them in the small suite."""
    return max(2, count // 2) if quick() else count
