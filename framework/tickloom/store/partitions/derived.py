"""What a store derives from raw columns, computed again and compared: ``verify --deep``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.arrow import numbers_of
from tickloom.specs import WriterSpec
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.partitions.order import ContractRun, read_row_groups

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS: Final = (
    "volume",
    "vol_delta",
    "timestamp",
    "timestamp_ns",
    "expiry_type",
    "is_monthly",
    "is_weekly",
)

Bools = npt.NDArray[np.bool_]


def derived_problems(path: Path, writer: WriterSpec, runs: list[ContractRun]) -> Iterator[str]:
    """A sentence for each derived column that does not follow from the raw ones.

    ``runs`` are the contracts of the file, which vol_delta starts anew with.
    """
    starts = np.fromiter((run.first_row for run in runs), np.int64, len(runs))
    wrong = dict.fromkeys(("vol_delta", "timestamp_ns", "is_monthly", "is_weekly"), 0)
    first = 0
    carried: tuple[int, bool] = (0, True)
    there = writer.summarise(path).columns
    for table in read_row_groups(path, writer, [name for name in _COLUMNS if name in there]):
        begins = np.zeros(table.num_rows, np.bool_)
        begins[starts[(starts >= first) & (starts < first + table.num_rows)] - first] = True
        if "vol_delta" in there and "volume" in there:
            bad, carried = _vol_delta(table, begins, carried)
            wrong["vol_delta"] += bad
        wrong["timestamp_ns"] += _timestamp_ns(table)
        for kind in ("monthly", "weekly") if "expiry_type" in there else ():
            wrong[f"is_{kind}"] += _kind_flag(table, kind)
        first += table.num_rows
    for name, count in wrong.items():
        if count:
            yield f"{name} is not what the other columns make it in {count} rows"


def name_problems(index: ContractIndex) -> Iterator[str]:
    """A sentence for each name that the contract index gives to several contracts."""
    seen = set()
    for entry in index.contracts:
        names = () if entry.contract is None else (entry.contract, *entry.also)
        for name in names:
            if name in seen:
                yield f"the index names {name} twice"
            seen.add(name)


def _vol_delta(
    table: pa.Table, begins: Bools, carried: tuple[int, bool]
) -> tuple[int, tuple[int, bool]]:
    """How many rows are wrong, and the last row's volume and whether it is null."""
    volume, no_volume = _numbers(table, "volume")
    found, no_delta = _numbers(table, "vol_delta")
    before = np.concatenate(([carried[0]], volume[:-1]))
    none_before = np.concatenate(([carried[1]], no_volume[:-1]))
    delta = volume - before
    # A difference that has wrapped has the wrong sign; it is 0 like that of a reset.
    counts = (volume > before) & (delta > 0) & ~begins & ~none_before
    expected = np.where(counts, delta, 0)
    wrong = (no_delta != no_volume) | (~no_volume & (found != expected))
    return int(wrong.sum()), (int(volume[-1]), bool(no_volume[-1]))


def _timestamp_ns(table: pa.Table) -> int:
    import pyarrow as pa

    when = numbers_of(table.column("timestamp").cast(pa.timestamp("ns")).cast(pa.int64()))
    found, missing = _numbers(table, "timestamp_ns")
    return int((missing | (found != when)).sum())


def _kind_flag(table: pa.Table, kind: str) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = table.column("expiry_type")
    if pa.types.is_dictionary(kinds.type):
        kinds = kinds.cast(kinds.type.value_type)
    told = pc.equal(kinds, pa.scalar(kind, kinds.type))
    agree = numbers_of(pc.fill_null(pc.equal(told, table.column(f"is_{kind}")), False))
    return int((~agree).sum())


def _numbers(table: pa.Table, name: str) -> tuple[npt.NDArray[Any], Bools]:
    """A column as int64 with 0 for null, and where it is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name)
    missing = numbers_of(pc.is_null(column))
    return numbers_of(pc.fill_null(column.cast(pa.int64()), 0)), missing
