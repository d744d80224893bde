"""From a store and filters to what a run does: partitions, their contracts, their slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tickloom.engine.columns.hot_file import HotFile
from tickloom.engine.columns.slices import Slice, check_order, cut, target_rows
from tickloom.engine.request.filters import Filters
from tickloom.errors import UsageError
from tickloom.store.api import Partition
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import ContractColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPartition:
    """A partition with the contracts of it that were selected."""

    partition: Partition
    """The store's view of it."""

    file: Path
    """Where its rows are."""

    hot: HotFile | None
    """Its hot file, if that is read instead."""

    contracts: ContractColumns
    """The selected contracts."""

    @property
    def key(self) -> PartitionKey:
        """Date and underlying."""
        return self.partition.key

    @property
    def rows(self) -> int:
        """Rows of the selected contracts."""
        return int(self.contracts.rows.sum())


def plan(
    partitions: Sequence[Partition],
    filters: Filters,
    columns: Sequence[str],
    workers: int,
    hot: Callable[[Partition, Sequence[str]], HotFile | None],
) -> list[PlannedPartition]:
    """The given partitions with their selected contracts; those with none are left out.

    ``hot(partition, columns)`` finds a partition's hot file.

    Raises :class:`UsageError` if a column does not exist, :class:`StoreError` if a partition is
    not sorted.
    """

    def planned(partition: Partition) -> PlannedPartition:
        return _planned(partition, filters, columns, hot)

    if any(partition.entry is None for partition in partitions):
        with ThreadPoolExecutor(workers, thread_name_prefix="tickloom-plan") as pool:
            found = list(pool.map(planned, partitions))
    else:
        # Stored indexes take 0.35 ms each; two threads that take turns at that took five times as
        # long. Only the scan that makes one is work to share.
        found = [planned(partition) for partition in partitions]
    return [each for each in found if len(each.contracts)]


def slices(planned: Sequence[PlannedPartition], workers: int) -> Iterator[Slice]:
    """The slices of every planned partition; ``Slice.partition`` counts ``planned``."""
    target = target_rows(sum(p.rows for p in planned), workers)
    for number, partition in enumerate(planned):
        yield from cut(
            number, partition.key, partition.file, partition.contracts, target, partition.hot
        )


def _planned(
    partition: Partition,
    filters: Filters,
    columns: Sequence[str],
    hot: Callable[[Partition, Sequence[str]], HotFile | None],
) -> PlannedPartition:
    contracts = filters.contracts(_examine(partition, columns))
    return PlannedPartition(
        partition=partition,
        file=partition.file(),
        hot=hot(partition, columns) if len(contracts) else None,
        contracts=contracts,
    )


def _examine(partition: Partition, columns: Sequence[str]) -> ContractColumns:
    """The partition's contracts, once it is known to be sorted and to have the columns."""
    if partition.entry is None:
        # Packed partitions have all columns; a folder of the documented scripts may not.
        found = partition.writer.summarise(partition.file()).columns
        for name in columns:
            if name not in found:
                raise UsageError(
                    f"partition {partition.key} has no column {name!r}, which the kernel reads; "
                    f"it has: {', '.join(found)}"
                )
    contracts = partition.contracts()
    check_order(partition.key, contracts)
    return contracts
