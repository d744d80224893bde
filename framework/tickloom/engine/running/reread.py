"""Reading while somebody packs: partitions that were replaced meanwhile are read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from tickloom.errors import StoreError
from tickloom.store.api import Partition, PartitionChangedError, Store
from tickloom.store.layout import PartitionKey

ATTEMPTS: Final = 5
"""How often a partition is read before a run gives up."""


class Read(Protocol):
    """Something that was read from one partition."""

    @property
    def key(self) -> PartitionKey: ...

    def confirm(self) -> None:
        """Raise :class:`PartitionChangedError` if the partition is not the one that was read."""
        ...


R = TypeVar("R", bound=Read)


def settled(
    store: Store,
    partitions: Sequence[Partition],
    read: Callable[[Sequence[Partition]], Sequence[R]],
) -> list[R]:
    """``read(partitions)``, with those that changed while they were read read again.

    The results are in the partitions' order, each from one state of its partition.
    """
    pending, kept = list(partitions), {}
    for _ in range(ATTEMPTS):
        changed = []
        try:
            for result in read(pending):
                try:
                    result.confirm()
                except PartitionChangedError:
                    changed.append(result.key)
                else:
                    kept[result.key] = result
        except (StoreError, FileNotFoundError):
            # What was replaced while it was read may look like anything; is it that?
            if not any(was_replaced(partition) for partition in pending):
                raise
            changed = [partition.key for partition in pending]
        if not changed:
            return [kept[key] for key in sorted(kept)]
        store.reload()
        present = {partition.key: partition for partition in store.partitions()}
        pending = [present[key] for key in changed if key in present]
    raise StoreError(
        f"{len(pending)} partitions of {store.path} were replaced each time they were read, "
        f"{pending[0].key if pending else ''} among them; run again when the packing is done"
    )


def was_replaced(partition: Partition) -> bool:
    """True if the partition is not the one that was looked at before."""
    try:
        partition.confirm()
    except PartitionChangedError:
        return True
    return False
