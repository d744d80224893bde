"""Reading while somebody packs: partitions that were replaced meanwhile are read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from tickloom.errors import StoreError
from tickloom.store.api import Partition, PartitionChangedError, Store

ATTEMPTS: Final = 5
"""How often a partition is read before a run gives up."""

MAY_BE_REPLACED: Final = (StoreError, FileNotFoundError)
"""What reading raises where the file was replaced meanwhile, which may look like anything."""

R = TypeVar("R")


def steadily(
    store: Store,
    partitions: Sequence[Partition],
    read: Callable[[Sequence[Partition]], R],
    *,
    replaced: bool = False,
) -> R:
    """``read(partitions)``, again with the store as it is by then while that fails because one of
    them was replaced. ``replaced``: one of them is known to be; partitions that the store no longer
    has are left out.

    Raises what ``read`` raises where none was replaced, and :class:`StoreError` if one is each
    time.
    """
    for _ in range(ATTEMPTS):
        if replaced:
            store.reload()
            present = {partition.key: partition for partition in store.partitions()}
            partitions = [present[each.key] for each in partitions if each.key in present]
        try:
            return read(partitions)
        except MAY_BE_REPLACED:
            if not any(map(was_replaced, partitions)):
                raise
        replaced = True
    named = ", ".join(str(partition.key) for partition in partitions[:3])
    raise StoreError(
        f"{named}{' and others' * (len(partitions) > 3)} of {store.path} were replaced each time "
        "they were read; run again when the packing is done"
    )


def was_replaced(partition: Partition) -> bool:
    """True if the partition is not the one that was looked at before."""
    try:
        partition.confirm()
    except PartitionChangedError:
        return True
    return False
