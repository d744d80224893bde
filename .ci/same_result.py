"""Exits with 1 unless two ``tickloom run --json`` objects have the same result, bit for bit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

RESULT = (
    "kernel",
    "params",
    "fill",
    "partitions",
    "contracts",
    "rows",
    "rows_skipped",
    "trades",
    "pnl",
)


def main() -> int:
    """Compare the two files named on the command line."""
    first, second = (json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:3])
    differing = [field for field in RESULT if first[field] != second[field]]
    for field in differing:
        print(f"{field}: {first[field]!r} and {second[field]!r}")
    if not differing:
        print(f"the same: {first['trades']:,} trades, PnL {first['pnl']!r}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
