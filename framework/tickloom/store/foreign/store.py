"""Stores without a manifest, as the documented scripts write them: found and indexed by reading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tickloom.contracts import Instrument, Kind
from tickloom.errors import StoreError, UsageError
from tickloom.schema import KINDS
from tickloom.specs import WriterSpec
from tickloom.store.layout import CONTROL_DIR, PartitionKey, partition_files
from tickloom.store.partitions.index import ContractIndex, ContractRows
from tickloom.store.partitions.order import ContractRun, contract_runs, read_row_groups

if TYPE_CHECKING:
    import pyarrow as pa


def foreign_partitions(store: Path) -> dict[PartitionKey, Path]:
    """The partition files below ``store``.

    Raises :class:`UsageError` where there is no store, :class:`StoreError` where a partition has
    several files.
    """
    if not store.is_dir():
        what = "is a file; a store is a folder" if store.exists() else "does not exist"
        raise UsageError(f"there is no store at {store}: it {what}")
    found: dict[PartitionKey, Path] = {}
    for key, path in partition_files(store):
        if key in found:
            raise StoreError(
                f"{path.parent} holds {found[key].name} and {path.name}; a partition is one file. "
                "Merge them, or move one of them away"
            )
        found[key] = path
    if not found and not (store / CONTROL_DIR).is_dir():
        others = ", ".join(sorted(entry.name for entry in store.iterdir())[:5]) or "nothing"
        raise UsageError(
            f"there is no store at {store}: expected DATE/UNDERLYING/part-*.parquet, found {others}"
        )
    return found


def scan_index(path: Path, writer: WriterSpec, instrument: Instrument = "option") -> ContractIndex:
    """The contract index of the file at ``path``, from its rows; the contracts' names are unknown.

    Raises :class:`UnsortedError` if the rows are out of order.
    """
    runs = contract_runs(path, writer, instrument)
    kinds: list[object] = ["monthly"] * len(runs)
    if "expiry_type" in writer.summarise(path).columns or instrument == "option":
        kinds = first_values(path, writer, "expiry_type", runs)
    return ContractIndex(
        tuple(
            ContractRows(
                contract=None,
                expiry=run.expiry,
                kind=_kind(kind, path),
                right=run.right,
                strike=run.strike,
                first_row=run.first_row,
                rows=run.rows,
            )
            for run, kind in zip(runs, kinds, strict=True)
        )
    )


def first_values(
    path: Path, writer: WriterSpec, column: str, runs: list[ContractRun]
) -> list[object]:
    """The value of ``column`` in the first row of each run."""
    values: list[object] = []
    wanted = iter(runs)
    run = next(wanted, None)
    first = 0
    for table in read_row_groups(path, writer, [column]):
        at = []
        while run is not None and run.first_row < first + table.num_rows:
            at.append(run.first_row - first)
            run = next(wanted, None)
        values += _take(table, column, at)
        first += table.num_rows
    return values


def _take(table: pa.Table, column: str, rows: list[int]) -> list[object]:
    import pyarrow as pa

    taken: list[object] = table.column(column).take(pa.array(rows, pa.int64())).to_pylist()
    return taken


def _kind(value: object, path: Path) -> Kind:
    for kind in KINDS:
        if value == kind:
            return kind
    raise StoreError(f"{path}: expiry_type is {value!r}; expected {' or '.join(KINDS)}")
