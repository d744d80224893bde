"""What is in a store, counted: ``tickloom info``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from os import PathLike

from tickloom.contracts import Right
from tickloom.store.api import Partition, Store, open_store
from tickloom.store.commits.manifest import Disagreements
from tickloom.store.partitions.order import contract_set


@dataclass(slots=True)
class SeriesContents:
    """What is in one series of an underlying."""

    days: int
    """Number of trading days."""

    rows: int
    """Number of rows."""

    bytes: int
    """Size of its files."""

    first_date: date
    """First trading day."""

    last_date: date
    """Last trading day."""

    columns: list[str]
    """Its columns, in their order on disk; empty without a manifest."""


@dataclass(slots=True)
class Contents:
    """What is in a store."""

    path: str
    """The store."""

    managed: bool
    """True where it has a manifest."""

    partitions: int
    """Number of partitions: one date of one underlying."""

    rows: int
    """Number of rows."""

    bytes: int
    """Size of the partition files."""

    dates: int
    """Number of trading days."""

    first_date: date | None
    """First trading day."""

    last_date: date | None
    """Last trading day."""

    underlyings: dict[str, int]
    """Rows of each underlying."""

    expiries: list[date]
    """Expiries, ascending."""

    contracts: int
    """Number of distinct contracts: underlying, expiry, right and strike."""

    sources: dict[str, int]
    """Number of sources by state: packed, quarantined."""

    rows_conflicting: int
    """Rows about which sources disagree; they stand beside others of their second."""

    conflicts: dict[str, Disagreements]
    """Where sources disagree: by partition, as ``DATE/UNDERLYING``."""

    series: dict[str, SeriesContents]
    """The underlyings' own series, by name: ``NIFTY/spot``, say."""

    columns: list[str]
    """Columns beyond the 58."""

    settings: dict[str, str]
    """Settings that it was packed with."""

    plugins: dict[str, str]
    """Distribution to version of the plugins that wrote it."""

    format: int | None
    """Version of the store's format; None without a manifest."""

    packer: str
    """Version of the tickloom that wrote it last; empty without a manifest."""


def info(store: str | PathLike[str] | Store) -> Contents:
    """What is in ``store``, counted. Raises :class:`UsageError` if there is none."""
    return describe(store if isinstance(store, Store) else open_store(store))


def describe(store: Store) -> Contents:
    """Count what is in ``store``; without a manifest this reads the sort columns of each file."""
    partitions = store.partitions()
    manifest = store.manifest
    dates = sorted({part.key.date for part in partitions})
    underlyings: dict[str, int] = {}
    contracts: set[tuple[str, date, Right, float]] = set()
    for part in partitions:
        name = part.key.underlying
        underlyings[name] = underlyings.get(name, 0) + part.rows
        contracts |= {(name, *contract) for contract in _contracts(part)}
    sources = {"packed": 0, "quarantined": 0}
    for source in manifest.sources.values():
        sources[source.state] += 1
    entries = sorted(manifest.partitions.items())
    conflicts = {str(key): e.disagreements for key, e in entries if e.disagreements}
    return Contents(
        path=str(store.path),
        managed=store.managed,
        partitions=len(partitions),
        rows=sum(underlyings.values()),
        bytes=sum(part.size for part in partitions),
        dates=len(dates),
        first_date=dates[0] if dates else None,
        last_date=dates[-1] if dates else None,
        underlyings=dict(sorted(underlyings.items())),
        expiries=sorted({expiry for _, expiry, _, _ in contracts}),
        contracts=len(contracts),
        sources=sources,
        rows_conflicting=sum(found.rows for found in conflicts.values()),
        conflicts=conflicts,
        series=_series(store),
        columns=[column.name for column in manifest.columns or ()],
        settings=manifest.settings,
        plugins=manifest.plugins,
        format=manifest.format if store.managed else None,
        packer=manifest.packer,
    )


def _contracts(part: Partition) -> set[tuple[date, Right, float]]:
    if part.entry is None:
        return contract_set(part.file(), part.writer)
    return {(c.expiry, c.right, c.strike) for c in part.index().contracts}


def _series(store: Store) -> dict[str, SeriesContents]:
    found: dict[str, list[Partition]] = {}
    for part in store.series():
        found.setdefault(part.key.series, []).append(part)
    return {
        name: SeriesContents(
            days=len(parts),
            rows=sum(part.rows for part in parts),
            bytes=sum(part.size for part in parts),
            first_date=parts[0].key.date,
            last_date=parts[-1].key.date,
            columns=[column.name for column in store.manifest.series.get(name, ())],
        )
        for name, parts in sorted(found.items())
    }
