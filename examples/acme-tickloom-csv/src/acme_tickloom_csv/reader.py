"""The reader of Acme's files: one gzipped CSV a day and underlying, contracts interleaved."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from acme_tickloom_csv.symbols import exchange_symbol
from tickloom import RawBatch, ReadError, ReaderSpec, Rejected, SourceOptions, Unit

if TYPE_CHECKING:
    import polars as pl

ZONE = "Asia/Kolkata"
HEADER = "utc,instrument,ltp,cum_vol,oi,bid,bid_sz,ask,ask_sz"
STAMP = "%Y-%m-%dT%H:%M:%S%.fZ"

RENAMED = {
    "ltp": "price",
    "cum_vol": "volume",
    "oi": "oi",
    "bid": "bp0",
    "bid_sz": "bq0",
    "ask": "sp0",
    "ask_sz": "sq0",
}
"""Acme's names to tickloom's. What Acme does not deliver is left out: it is null in the store."""

FILE_NAME = re.compile(r"acme_\d{8}_[A-Z0-9&-]+\.csv\.gz")


def discover(source: Path, options: SourceOptions) -> Iterator[Unit]:
    """One unit a file, claimed by its name alone."""
    for path in sorted(source.rglob("acme_*.csv.gz")):
        if FILE_NAME.fullmatch(path.name):
            yield Unit(paths=(path,), name=path.name)


def read(unit: Unit, options: SourceOptions) -> Iterator[RawBatch | Rejected]:
    """Batches of one contract each, from ``options.batch_rows`` lines at a time."""
    (path,) = unit.paths
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            header = file.readline().rstrip("\n")
            if header != HEADER:
                raise ReadError(f"expected the header {HEADER!r}, found {header!r}")
            while lines := list(islice(file, options.batch_rows)):
                yield from batches(path, lines)
    except (EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
        raise ReadError(f"expected a whole gzip file of ASCII text: {error}") from error


def batches(path: Path, lines: list[str]) -> Iterator[RawBatch | Rejected]:
    """The lines, contract by contract, each contract's rows in the order of the file."""
    frame = parse(lines)
    for (instrument,), rows in frame.group_by(["instrument"], maintain_order=True):
        symbol = exchange_symbol(str(instrument))
        rows = rows.drop("instrument")
        if symbol is None:
            reason = f"expected an option such as 'BANKNIFTY 30JAN25 50000 C', found {instrument!r}"
            yield Rejected(path=path, reason=reason, rows=rows.height, frame=rows)
        else:
            yield RawBatch(frame=rows, symbol=symbol)


def parse(lines: list[str]) -> pl.DataFrame:
    """Typed columns with tickloom's names, ``timestamp`` on the exchange's clock, and
    ``instrument``."""
    import polars as pl

    types: dict[str, pl.DataType] = dict.fromkeys(HEADER.split(","), pl.Int64())
    types |= dict.fromkeys(("ltp", "bid", "ask"), pl.Float64())
    types |= dict.fromkeys(("utc", "instrument"), pl.String())
    wall_clock = (
        pl.col("utc")
        .str.to_datetime(STAMP, time_unit="us")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(ZONE)
        .dt.replace_time_zone(None)
        .alias("timestamp")
    )
    try:
        frame = pl.read_csv("".join(lines).encode(), has_header=False, schema=types)
        return frame.select(wall_clock, "instrument", *RENAMED).rename(RENAMED)
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"expected lines of {HEADER!r}: {error}") from error


reader = ReaderSpec(
    name="acme-csv",
    summary="Acme Market Data: gzipped CSV, one file a day and underlying, UTC.",
    zone=ZONE,
    calendar="nse",
    dialect="nse",
    discover=discover,
    read=read,
)
