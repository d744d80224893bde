"""The columns of raw files and of the store: names, logical types, order.

Source of the raw 52: the vendor's per-contract files. The types are the store's, and a batch has
them once the ``schema`` transform ran.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from tickloom.contracts import Instrument

if TYPE_CHECKING:
    import polars as pl

LogicalType = Literal[
    "float64", "float32", "int64", "int16", "datetime", "date", "bool", "symbol", "right", "kind"
]
"""``datetime`` is microseconds without zone; ``symbol`` is categorical text; ``right`` and ``kind``
are enums."""

RIGHTS: Final = ("CE", "PE")
KINDS: Final = ("weekly", "monthly")
LEVELS: Final = range(5)

SORT_KEY: Final = ("expiry", "opt_type", "strike", "timestamp")
"""The order of the rows in every partition of options."""

SORT_KEYS: Final[dict[Instrument, tuple[str, ...]]] = {
    "option": SORT_KEY,
    "future": ("expiry", "timestamp"),
    "spot": ("timestamp",),
}
"""The order of the rows in the files of each instrument."""

OPTION_COLUMNS: Final = frozenset({"opt_type", "strike", "year", "month"})
"""Columns that say which option a row is of: no series has them."""

ROW_GROUP_ROWS: Final = 100_000
"""Rows per row group of a partition file."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the store."""

    name: str
    """Name on disk."""

    type: LogicalType
    """Logical type; :func:`polars_dtype` gives the Polars one."""

    doc: str
    """Meaning and unit."""


def _levels() -> Iterable[Column]:
    for i in LEVELS:
        yield Column(f"bq{i}", "int64", f"bid quantity at level {i}, contracts")
        yield Column(f"bp{i}", "float64", f"bid price at level {i}")
        yield Column(f"bo{i}", "int64", f"number of bid orders at level {i}")
        yield Column(f"sq{i}", "int64", f"ask quantity at level {i}, contracts")
        yield Column(f"sp{i}", "float64", f"ask price at level {i}")
        yield Column(f"so{i}", "int64", f"number of ask orders at level {i}")


RAW_COLUMNS: Final[tuple[Column, ...]] = (
    Column("timestamp", "datetime", "tick time, exchange wall clock"),
    Column("price", "float64", "last traded price"),
    Column("qty", "int64", "last traded quantity, contracts"),
    Column("avgPrice", "float64", "average traded price of the day"),
    Column("volume", "int64", "cumulative volume of the day, contracts"),
    Column("bQty", "int64", "total bid quantity, contracts"),
    Column("sQty", "int64", "total ask quantity, contracts"),
    Column("open", "float64", "open of the day"),
    Column("high", "float64", "high of the day"),
    Column("low", "float64", "low of the day"),
    Column("close", "float64", "previous close"),
    Column("changeper", "float64", "change against the previous close, percent, 2 decimals"),
    Column("lastTradeTime", "datetime", "time of the last trade, exchange wall clock"),
    Column("oi", "int64", "open interest, contracts"),
    Column("oiHigh", "int64", "highest open interest of the day, contracts"),
    Column("oiLow", "int64", "lowest open interest of the day, contracts"),
    *_levels(),
    Column("symbol", "symbol", "trading symbol as the vendor writes it"),
    Column("opt_type", "right", "CE (call) or PE (put)"),
    Column("strike", "float32", "strike price"),
    Column("year", "int16", "contract year"),
    Column("month", "int16", "contract month, 1 to 12"),
    Column("ts", "datetime", "copy of timestamp"),
)
"""The 52 columns of a raw per-contract file, in its order."""

COMPUTED_COLUMNS: Final[tuple[Column, ...]] = (
    Column("timestamp_ns", "int64", "timestamp in nanoseconds of the same wall clock, not UTC"),
    Column("expiry", "date", "last trading day of the contract"),
    Column("expiry_type", "kind", "weekly or monthly"),
    Column("is_monthly", "bool", "expiry_type is monthly"),
    Column("is_weekly", "bool", "expiry_type is weekly"),
    Column("vol_delta", "int64", "volume since the previous tick of the day, contracts, never < 0"),
)

STORED_COLUMNS: Final[tuple[Column, ...]] = RAW_COLUMNS + COMPUTED_COLUMNS
"""The 58 columns of every store, in the order on disk; a vendor's extra columns follow."""

PRICE_COLUMNS: Final = (
    "price",
    "avgPrice",
    "open",
    "high",
    "low",
    "close",
    *(f"{side}p{i}" for i in LEVELS for side in ("b", "s")),
)
"""Columns that hold prices: finite and not negative, or null."""

QUANTITY_COLUMNS: Final = tuple(column.name for column in RAW_COLUMNS if column.type == "int64")
"""Columns that hold quantities and counts: not negative, or null."""


def required(instrument: Instrument) -> tuple[Column, ...]:
    """The columns that no partition file of an ``instrument`` goes without."""
    if instrument == "option":
        return STORED_COLUMNS
    names = {"timestamp", "price", "timestamp_ns", *SORT_KEYS[instrument]}
    return tuple(column for column in STORED_COLUMNS if column.name in names)


@cache
def polars_dtype(logical: LogicalType) -> pl.DataType:
    """The Polars type of a logical type, as ``Column.type`` has it."""
    import polars as pl

    dtypes: dict[LogicalType, pl.DataType] = {
        "float64": pl.Float64(),
        "float32": pl.Float32(),
        "int64": pl.Int64(),
        "int16": pl.Int16(),
        "datetime": pl.Datetime("us"),
        "date": pl.Date(),
        "bool": pl.Boolean(),
        "symbol": pl.Categorical(),
        "right": pl.Enum(RIGHTS),
        "kind": pl.Enum(KINDS),
    }
    return dtypes[logical]


def polars_schema(columns: Iterable[Column] = STORED_COLUMNS) -> pl.Schema:
    """The Polars schema of ``columns``, in their order."""
    import polars as pl

    return pl.Schema({column.name: polars_dtype(column.type) for column in columns})


STORED_NAMES = frozenset(column.name for column in STORED_COLUMNS)

COMPUTED_NAMES: Final = frozenset(column.name for column in COMPUTED_COLUMNS)
