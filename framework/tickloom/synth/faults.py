"""Files that are bad on purpose, like those that vendors really delivered.

Each is a sound file of a listed contract, spoilt in one way, under a strike of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tickloom.synth.market import Listing
from tickloom.synth.written import write_table

SPOILT_ROWS: Final = slice(5, 8)
"""The rows that a fault of single rows is in."""

_MORNING: Final = np.datetime64("2025-11-03T09:15:00", "us")


def write_faults(folder: Path, listed: list[Listing]) -> tuple[tuple[Path, str], ...]:
    """Write one bad file a kind into ``folder`` and say what is wrong with each."""
    busiest = max(folder.glob("*.parquet"), key=lambda path: (path.stat().st_size, path.name))
    sound = pq.read_table(busiest.absolute())
    month = listed[0].month.name
    written: list[tuple[Path, str]] = []

    def next_path(what: str, name: str = "") -> Path:
        path = folder / (name or f"banknifty{month}{20_000 + 100 * len(written)}ce.parquet").lower()
        written.append((path, what))
        return path

    whole = busiest.read_bytes()
    next_path("truncated").write_bytes(whole[: len(whole) * 3 // 5])
    next_path("empty file").write_bytes(b"")
    write_table(sound.slice(0, 0), next_path("no rows"))
    write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), next_path("other schema"))
    write_table(sound.slice(0, 10), next_path("misnamed", "banknifty_latest.parquet"))
    write_table(sound.slice(0, 10).drop(["timestamp"]), next_path("no timestamp column"))
    for what, spoil in _SPOILERS.items():
        path = next_path(what)
        write_table(_renamed(spoil(sound.slice(0, 20)), path.stem.upper()), path)
    return tuple(written)


def _renamed(table: pa.Table, symbol: str) -> pa.Table:
    """The table with what it says about its contract in agreement with the file's name."""
    said = {"symbol": symbol, "opt_type": symbol[-2:], "strike": float(symbol[-7:-2])}
    for name, value in said.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, name, pa.repeat(value, len(table)))
    return table


def _put(table: pa.Table, column: str, rows: slice, values: object) -> pa.Table:
    """The table with ``values`` in ``rows`` of ``column``; None makes them null."""
    old = table[column].combine_chunks()
    dtype = "datetime64[us]" if pa.types.is_timestamp(old.type) else None
    array = np.array(old.fill_null(0).to_numpy(zero_copy_only=False), dtype=dtype)
    missing = np.array(old.is_null())
    missing[rows] = values is None
    if values is not None:
        array[rows] = values
    index = table.schema.get_field_index(column)
    return table.set_column(index, table.schema.field(index), pa.array(array, old.type, missing))


def _stamps(table: pa.Table, rows: slice, stamp: np.datetime64 | None) -> pa.Table:
    return _put(_put(table, "timestamp", rows, stamp), "ts", rows, stamp)


def _crossed(table: pa.Table) -> pa.Table:
    lifted = table["sp0"].to_numpy()[SPOILT_ROWS] + 0.05
    return _put(table, "bp0", SPOILT_ROWS, lifted)


def _reset(table: pa.Table) -> pa.Table:
    volume = np.arange(100, 100 + len(table))
    volume[len(table) // 2 :] -= 100
    return _put(table, "volume", slice(None), volume)


_SPOILERS: Final[dict[str, Callable[[pa.Table], pa.Table]]] = {
    "1970 timestamps": lambda table: _stamps(
        table, SPOILT_ROWS, np.datetime64("1970-01-01T05:30:00", "us")
    ),
    "null timestamps": lambda table: _stamps(table, SPOILT_ROWS, None),
    "no timestamp at all": lambda table: _stamps(table, slice(None), None),
    "ticks after the close": lambda table: _stamps(
        table, slice(17, 20), _MORNING + np.timedelta64(6 * 60 + 18, "m")
    ),
    "a day without trading": lambda table: _stamps(
        table, SPOILT_ROWS, _MORNING - np.timedelta64(24, "h")
    ),
    "volume reset": _reset,
    "crossed quotes": _crossed,
    "non-finite price": lambda table: _put(table, "price", SPOILT_ROWS, np.inf),
    "price is not a number": lambda table: _put(table, "price", SPOILT_ROWS, np.nan),
    "negative price": lambda table: _put(table, "price", SPOILT_ROWS, -1.0),
}
