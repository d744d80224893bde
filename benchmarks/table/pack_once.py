"""``python -m benchmarks.table.pack_once DESIGN RAW OUT [MEMORY]``: one pack in a process of its
own, so that its memory can be watched. Prints what it did as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Pack once and print seconds, rows and bytes written."""
    design, raw, out, *memory = sys.argv[1:]
    if design == "documented":
        from benchmarks.table.data import monthly_expiries, pack_documented

        expiries = monthly_expiries(Path(raw))  # the calendar is not what is timed
        started = time.perf_counter()
        rows = pack_documented(Path(raw), Path(out), expiries)
    else:
        from tickloom import pack

        started = time.perf_counter()
        limit = int(memory[0]) if memory else None
        rows = pack(raw, out, memory=limit, workers=2).rows_written
    seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in Path(out).glob("*/*/*.parquet"))
    print(json.dumps({"seconds": seconds, "rows": rows, "bytes": size}))


if __name__ == "__main__":
    main()
