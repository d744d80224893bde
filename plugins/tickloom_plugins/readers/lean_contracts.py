"""The contracts inside a day's Lean zips, joined from quotes, trades and open interest."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from tickloom import RawBatch, ReadError, Rejected, SourceOptions

KINDS: Final = ("quote", "trade", "openinterest")

FIELDS: Final = {
    "quote": {"bp0": 4, "bq0": 5, "sp0": 9, "sq0": 10},
    "trade": {"price": 4, "volume": 5},
    "openinterest": {"oi": 1},
}
"""Column to its place in a line, after the milliseconds: the closes, and the sizes with them."""

LINE_FIELDS: Final = {"quote": 11, "trade": 6, "openinterest": 2}
PRICES: Final = ("price", "bp0", "sp0")
PRICE_SCALE: Final = 10_000
BAR_MS: Final = 60_000
DAY_MS: Final = 86_400_000

GROUP_BYTES: Final = 4 * 2**20
"""CSV that is parsed at once: many contracts are small, and each parse costs 2 ms by itself."""

MEMORY_PER_BYTE: Final = 8
"""Memory that a byte of CSV needs while it is parsed; 6.3 was measured on quotes."""

_MEMBER: Final = re.compile(
    r"(?P<date>\d{8})_(?P<underlying>.+)_(?P<resolution>[a-z]+)_(?P<kind>[a-z]+)_(?P<style>[a-z]+)"
    r"_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv"
)


@dataclass(slots=True)
class _Contract:
    symbol: str
    members: dict[str, zipfile.ZipInfo] = field(default_factory=dict)


def read_contracts(
    zips: Mapping[str, Path], date: str, options: SourceOptions
) -> Iterator[RawBatch | Rejected]:
    """One batch for each contract of ``date`` (``YYYYMMDD``), by expiry, right and strike.

    ``zips`` holds the file of each kind that the vendor has. Raises :class:`tickloom.ReadError`
    when one is no zip.
    """
    with ExitStack() as stack:
        try:
            opened = {k: stack.enter_context(zipfile.ZipFile(path)) for k, path in zips.items()}
        except zipfile.BadZipFile as error:
            raise ReadError(
                f"expected readable zips; found damage: {error}. Fetch them again."
            ) from error
        contracts: dict[tuple[str, str, str, int], _Contract] = {}
        for kind, archive in opened.items():
            for member in archive.infolist():
                fault = _file_member(contracts, kind, date, member, options)
                if fault:
                    reason = f"{member.filename}: {fault}"
                    yield Rejected(path=zips[kind], reason=reason, rows=0)
        midnight = datetime.strptime(date, "%Y%m%d")
        for group in _groups([contracts[key] for key in sorted(contracts)]):
            yield from _read_group(group, zips, opened, midnight, options)


def _file_member(
    contracts: dict[tuple[str, str, str, int], _Contract],
    kind: str,
    date: str,
    member: zipfile.ZipInfo,
    options: SourceOptions,
) -> str:
    """Enter the member under its contract, or say why not."""
    if member.is_dir():
        return ""
    name = _MEMBER.fullmatch(member.filename)
    if name is None:
        return (
            "expected a name like 20151224_goog_minute_quote_american_call_7500000_20160115.csv; "
            "found another."
        )
    for part, wanted in (("date", date), ("kind", kind), ("resolution", "minute")):
        if name[part] != wanted:
            return f"expected the {part} {wanted} in its name; found {name[part]}."
    strike = int(name["strike"])
    if strike % 10 or strike >= 10**9:
        return f"expected a strike below 100,000 with 3 decimals; found {strike / PRICE_SCALE}."
    if member.flag_bits & 1:
        return "expected a zip without a password; found it encrypted. Unpack it and zip it again."
    if member.file_size * MEMORY_PER_BYTE > options.batch_bytes:
        return (
            f"expected at most {options.batch_bytes // MEMORY_PER_BYTE:,} bytes; found "
            f"{member.file_size:,}. Allow more by --memory."
        )
    underlying, right = name["underlying"].upper(), name["right"][0].upper()
    # The options exchanges' own symbol (OSI): root, yymmdd, right, strike in thousandths.
    symbol = f"{underlying:<6}{name['expiry'][2:]}{right}{strike // 10:08d}"
    key = (underlying, name["expiry"], right, strike)
    contract = contracts.setdefault(key, _Contract(symbol))
    if kind in contract.members:
        return "expected one file a contract; found a second."
    contract.members[kind] = member
    return ""


def _groups(contracts: list[_Contract]) -> Iterator[list[_Contract]]:
    """Contracts that are parsed together, in their order."""
    group: list[_Contract] = []
    size = 0
    for contract in contracts:
        group.append(contract)
        size += sum(member.file_size for member in contract.members.values())
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    yield group


def _read_group(
    group: list[_Contract],
    zips: Mapping[str, Path],
    opened: Mapping[str, zipfile.ZipFile],
    midnight: datetime,
    options: SourceOptions,
) -> Iterator[RawBatch | Rejected]:
    lines: dict[str, pl.DataFrame] = {}
    for kind in KINDS:
        texts: dict[int, str] = {}
        for i, contract in enumerate(group):
            member = contract.members.get(kind)
            if member is None:
                continue
            try:
                # A byte that is no text makes its line one that is no tick, not the member.
                texts[i] = opened[kind].read(member).decode("utf-8-sig", errors="backslashreplace")
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
                reason = f"{member.filename}: expected readable CSV; found damage: {error}."
                yield Rejected(path=zips[kind], reason=reason, rows=0)
        lines[kind], bad = _parse(kind, texts)
        for (i,), rows in bad.group_by("contract", maintain_order=True):
            yield _rejected_lines(zips[kind], kind, group[int(i)].members[kind].filename, rows)
    joined = _join(lines, midnight, "trade" in zips)
    start = 0
    runs = joined["contract"].rle().struct.unnest().select("value", "len")
    ticks = joined.drop("contract")
    for i, length in runs.iter_rows():
        rows = ticks.slice(start, length)
        start += length
        for frame in rows.iter_slices(options.batch_rows):
            yield RawBatch(frame=frame, symbol=group[i].symbol)


def _rejected_lines(path: Path, kind: str, member: str, rows: pl.DataFrame) -> Rejected:
    return Rejected(
        path=path,
        reason=f"{member}: expected {LINE_FIELDS[kind]} whole numbers a line, one line a time of "
        f"the day; found {rows['line'][0]!r}.",
        rows=len(rows),
        frame=rows.select("line"),
    )


def _parse(kind: str, texts: Mapping[int, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sound lines as whole numbers, and the others as ``line``; both with ``contract``."""
    places = {"ms": 0} | FIELDS[kind]
    each = {i: text.splitlines() for i, text in texts.items()}
    split = pl.DataFrame(
        {
            "contract": pl.Series([i for i, lines in each.items() for _ in lines], dtype=pl.Int64),
            "line": pl.Series([line for lines in each.values() for line in lines], dtype=pl.String),
        }
    ).with_columns(pl.col("line").str.split(",").alias("fields"))
    fields = {name: pl.col("fields").list.get(i, null_on_oob=True) for name, i in places.items()}
    numbers = {name: value.cast(pl.Int64, strict=False) for name, value in fields.items()}
    sound = (
        (pl.col("fields").list.len() == LINE_FIELDS[kind])
        & numbers["ms"].is_between(0, DAY_MS - 1)
        & pl.struct("contract", numbers["ms"]).is_first_distinct()
        & pl.all_horizontal(
            [numbers[name].is_not_null() | (fields[name] == "") for name in FIELDS[kind]]
        )
    ).fill_null(False)
    return (
        split.filter(sound).select("contract", **numbers),
        split.filter(~sound).select("contract", "line"),
    )


def _join(
    lines: Mapping[str, pl.DataFrame], midnight: datetime, trades_known: bool
) -> pl.DataFrame:
    """Quotes and trades by minute; the last trade stays, volume adds up, interest is the latest."""
    key = ["contract", "ms"]
    trades = lines["trade"].rename({"volume": "traded"})
    rows = lines["quote"].join(trades, on=key, how="full", coalesce=True).sort(key)
    volume = pl.col("traded").fill_null(0).cum_sum() if trades_known else pl.lit(None, pl.Int64)
    interest = lines["openinterest"].rename({"ms": "told"}).sort("told")
    rows = (
        rows.with_columns(
            volume=volume.over("contract"),
            price=pl.col("price").forward_fill().over("contract"),
            end=pl.col("ms") + BAR_MS,
        )
        .sort("end")
        .join_asof(interest, left_on="end", right_on="told", by="contract", check_sortedness=False)
        .sort(key)
    )
    clock = pl.lit(midnight) + pl.duration(milliseconds="end")
    return rows.select(
        "contract",
        clock.cast(pl.Datetime("us")).alias("timestamp"),
        *[_scaled(rows[name]) for name in PRICES],
        *["volume", "bq0", "sq0", "oi"],
    )


def _scaled(price: pl.Series) -> pl.Series:
    # Polars divides by a number as times its reciprocal: 20500 / 10000 gave 2.0500000000000003.
    exact = price.cast(pl.Float64).to_numpy() / PRICE_SCALE
    return pl.Series(price.name, exact, nan_to_null=True)
