"""The files that the page measures: raw folders, and stores of both designs from the same rows."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.documented.packing import MonthlyExpiries, pack_folder

UNDERLYINGS = ("BANKNIFTY", "NIFTY")
STRIKES = 61
"""Strikes a month and underlying: 244 contracts a partition."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The same rows as both designs keep them."""

    documented: Path
    """Folder of the documented script's files."""

    product: Path
    """tickloom's store."""

    rows: int
    """Rows in each of them."""

    def files(self) -> list[Path]:
        """The documented files, in the store's order."""
        return sorted(self.documented.glob("*/*/*.parquet"))


def make_raw(folder: Path, rows: int, days: int = 2, strikes: int = STRIKES) -> Path:
    """A raw folder of about ``rows`` ticks over ``days`` days, made once.

    Rows without a price are left out: the documented designs take them for price 0, tickloom skips
    them, and results could not be compared.
    """
    kept = folder / f"raw-{rows}-{days}-{strikes}"
    if not kept.exists():
        from tickloom.synth import write_raw

        scratch = folder / "raw-scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        # Days come in two folders, which share one; the first of them is kept.
        all_days = 2 * days - 2
        report = write_raw(
            scratch, rows=rows * (all_days + 1) // days, days=all_days, strikes=strikes
        )
        for file in report.folders[0].iterdir():
            pl.read_parquet(file).filter(pl.col("price") > 0).write_parquet(file)
        report.folders[0].rename(kept)
        shutil.rmtree(scratch)
    return kept


def monthly_expiries(raw: Path) -> MonthlyExpiries:
    """What the documented script is given as its calendar: month to expiry, of the raw files."""
    from tickloom.host import get_host

    calendar = get_host().calendars.get("nse").load(None)
    expiries = {}
    for reading in calendar.read_names(sorted(file.stem for file in raw.iterdir())):
        assert reading.contract is not None, reading.error
        year, month = reading.contract.period.split("-")
        expiries[int(year), int(month)] = calendar.expiry(reading.contract).date
    return expiries


def pack_documented(raw: Path, output: Path, expiries: MonthlyExpiries) -> int:
    """Pack ``raw`` by the documented script, one underlying after the other; rows written."""
    return sum(pack_folder(raw, output, underlying, expiries) for underlying in UNDERLYINGS)


def make_stores(folder: Path, raw: Path, executor: str = "processes") -> Stores:
    """Both stores from one raw folder, afresh; ``executor`` is what tickloom packs with."""
    from tickloom import pack

    documented, product = folder / "documented", folder / "store"
    for path in (documented, product):
        shutil.rmtree(path, ignore_errors=True)
    rows = pack_documented(raw, documented, monthly_expiries(raw))
    report = pack(raw, product, executor=executor)
    assert report.rows_written == rows, (report, rows)
    return Stores(documented, product, rows)


def multiply(stores: Stores, folder: Path, times: int) -> Stores:
    """Stores of ``times`` as many days: each day's files again under later dates.

    Making 64 M raw rows anew would take longer than all measurements, and cost does not depend on
    whether two days differ.
    """
    from tickloom import open_store
    from tickloom.store.layout import PartitionKey
    from tickloom.store.writer import StoreWriter

    target = Stores(folder / "documented", folder / "store", stores.rows * times)
    for path in (target.documented, target.product):
        shutil.rmtree(path, ignore_errors=True)
    partitions = open_store(stores.product).partitions()
    days = 1 + (partitions[-1].key.date - partitions[0].key.date).days
    with StoreWriter.open(target.product, create=True) as writer:
        for copy in range(times):
            for partition in partitions:
                day = partition.key.date + dt.timedelta(days=copy * days)
                key = PartitionKey(day, partition.key.underlying)
                staged = writer.stage(key)
                staged.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(partition.file(), staged)
                writer.commit(key, staged, partition.index())
                file = target.documented / key.file()
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(stores.documented / partition.key.file(), file)
    return target
