"""Reads the sources of a store again and looks for rows that the store does not have.

Deliberately not a second merge: each good row of a source must be in its partition, as often as the
source has it. That is what 'nothing is lost' means, whatever the merge did.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickloom.contracts import Contract
from tickloom.errors import StoreError, TickloomError
from tickloom.host import get_host
from tickloom.packing.reading.evidence import Evidence, gather
from tickloom.packing.reading.names import Names
from tickloom.packing.reading.parts import one_by_one
from tickloom.packing.reading.series import series_batches
from tickloom.packing.rows.checks import split_rows
from tickloom.packing.rows.clean import Batch, canonical
from tickloom.packing.rows.own_expiry import without_expiry
from tickloom.packing.rows.table import PartitionColumns, in_type
from tickloom.packing.rows.transforms import apply_all, batch_transforms, partition_transforms
from tickloom.packing.sources.claims import Claim
from tickloom.packing.sources.identity import look_at
from tickloom.packing.sources.inputs import Inputs, inputs_of
from tickloom.packing.sources.plan import reader_settings
from tickloom.packing.sources.rebuild import SourceGoneError, SourceSearch
from tickloom.packing.workers.calendars import load_calendar
from tickloom.paths import text_path
from tickloom.progress import Progress, untold
from tickloom.specs import (
    ContractSlice,
    PartitionContext,
    RawBatch,
    ReadError,
    SourceOptions,
)
from tickloom.store.api import Store
from tickloom.store.commits.manifest import SourceEntry
from tickloom.store.layout import PartitionKey, key_of
from tickloom.store.partitions.order import reading

if TYPE_CHECKING:
    import polars as pl


@dataclass(slots=True)
class Conservation:
    """What became of the rows of a store's sources."""

    lost: list[tuple[str, str]] = field(default_factory=list)
    """Source file, and how many of its rows are not in the store."""

    unchecked: list[str] = field(default_factory=list)
    """A sentence for each source that could not be compared, and why."""

    sources: int = 0
    """Sources compared."""


def check_conservation(store: Store, progress: Progress = untold) -> Conservation:
    """Compare the sources that are still there, unchanged, with the rows of ``store``;
    ``progress`` counts sources."""
    found = Conservation()
    search = SourceSearch(get_host().readers, SourceOptions())
    entries = sorted(store.manifest.sources.items())
    for done, (_, entry) in enumerate(entries, 1):
        if entry.partitions:
            _check(store, entry, search, found)
        progress(done, len(entries))
    return found


def _check(store: Store, entry: SourceEntry, search: SourceSearch, found: Conservation) -> None:
    path = str(text_path(entry.files[0].path))
    try:
        with reading(Path(path)):
            missing = _missing(store, entry, search)
    except SourceGoneError as error:
        found.unchecked.append(f"{path} {error}; its rows cannot be compared")
    except TickloomError as error:
        reason = str(error).removeprefix(f"{path}: ")
        found.unchecked.append(f"{path} cannot be read any more: {reason}")
    else:
        found.sources += 1
        if missing:
            found.lost.append((path, f"{missing:,} of its rows are not in the store"))


def _missing(store: Store, entry: SourceEntry, search: SourceSearch) -> int:
    """How many good rows of the source the store does not have.

    Raises :class:`SourceGoneError` where it is not what was packed.
    """
    try:
        inputs = inputs_of(entry, store.path)
    except StoreError as error:
        raise SourceGoneError(f"needs a file that is gone: {error}") from error
    claim = search.find(entry, inputs.mapping)
    now = [(file.path, file.size, file.mtime_ns) for file in look_at(claim.unit)]
    if now != [(file.path, file.size, file.mtime_ns) for file in entry.files]:
        raise SourceGoneError("has changed since it was packed")
    [settings] = reader_settings(get_host(), {claim.reader: claim.spec}, inputs).values()
    if settings != entry.settings:
        raise SourceGoneError(
            "was packed with other versions of tickloom, reader, transforms or calendar"
        )
    return _Comparison(store, claim, inputs).missing()


class _Comparison:
    """One source against the partitions."""

    def __init__(self, store: Store, claim: Claim, inputs: Inputs) -> None:
        self._store = store
        self._claim = claim
        self._options = SourceOptions(mapping=inputs.mapping)
        self._calendar = load_calendar(claim.spec.calendar, inputs.calendar)
        self._names = Names(
            self._calendar, inputs.dialect or claim.spec.dialect, {}, bool(inputs.dialect)
        )

    def missing(self) -> int:
        """How many good rows of the source the store does not have."""
        count = 0
        for part in one_by_one(self._claim.spec.read(self._claim.unit, self._options)):
            if not (isinstance(part, RawBatch) and part.frame.height):
                continue
            # A batch that no contract can be made of is in the quarantine.
            with suppress(ReadError):
                count += sum(self._missing(batch) for batch in self._batches(part))
        return count

    def _batches(self, part: RawBatch) -> list[RawBatch]:
        if part.contract is None or part.contract.instrument == "option":
            return [part]
        return list(series_batches(part, self._calendar))

    def _missing(self, batch: RawBatch) -> int:
        import polars as pl

        named = self._names.contract(batch, self._evidence)
        contract = named.contract
        frame, _ = without_expiry(batch.frame, contract, named.expiry)
        whole = ContractSlice(contract=contract, expiry=named.expiry, start=0, rows=frame.height)
        context = PartitionContext(symbol=batch.symbol, date=None, slices=(whole,))
        typed = canonical(Batch(apply_all(batch_transforms(contract.instrument), frame, context)))
        others = self._names.others(
            typed.frame.get_column("symbol", default=None), batch.symbol, named
        )
        good, _ = split_rows(typed, contract, self._calendar, others, named.expiry)
        days = good["timestamp"].cast(pl.Date)
        return sum(
            self._missing_on(key_of(day, contract), contract, good.filter(days == day))
            for day in days.unique().to_list()
        )

    def _missing_on(self, key: PartitionKey, contract: Contract, rows: pl.DataFrame) -> int:
        """How many of ``rows``, all of one contract and day, their partition does not have."""
        import polars as pl

        stored = self._stored(key, contract)
        if stored is None:
            return rows.height
        identity = list(self._columns(key).identity)
        there = stored.select(identity).group_by(identity).len("stored")
        wanted = rows.select(
            in_type(rows[name], there.schema[name])
            if name in rows.columns
            else pl.lit(None, there.schema[name]).alias(name)
            for name in identity
        )
        compared = (
            wanted.group_by(identity)
            .len("wanted")
            .join(there, on=identity, how="left", nulls_equal=True)
        )
        short = pl.col("wanted").cast(pl.Int64) - pl.col("stored").cast(pl.Int64).fill_null(0)
        return int(compared.select(short.clip(0).sum()).item())

    def _stored(self, key: PartitionKey, contract: Contract) -> pl.DataFrame | None:
        """The stored rows of the contract's right and strike, whatever they expire on."""
        if key not in self._store.manifest.partitions:
            return None
        partition = self._store.partition(key)
        strike = float(np.float32(contract.strike))
        ranges = [
            (rows.first_row, rows.rows)
            for rows in partition.index().contracts
            if (rows.right, rows.strike) == (contract.right, strike)
        ]
        if not ranges:
            return None
        path = partition.file()
        there = partition.writer.summarise(path).columns
        columns = self._columns(key)
        names = [name for name in columns.merged if name in there]
        return columns.from_arrow(list(partition.writer.scan(path, names, ranges)))

    def _columns(self, key: PartitionKey) -> PartitionColumns:
        """The columns of the partition ``key``."""
        given = {n for t in partition_transforms(key.instrument) for n in t.gives}
        return PartitionColumns(self._store.manifest.columns_of(key), given)

    def _evidence(self) -> Mapping[str, Evidence]:
        """What the source's rows say about their contracts, for names with several readings."""
        return gather(one_by_one(self._claim.spec.read(self._claim.unit, self._options)))
