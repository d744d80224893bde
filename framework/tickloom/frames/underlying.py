"""What is put beside option ticks: the underlying as of each of them, and what follows from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tickloom.engine.running.reread import steadily
from tickloom.engine.underlying.asof import Series
from tickloom.engine.underlying.forward import Quotes, middles, parity
from tickloom.errors import UsageError
from tickloom.expiries.store_calendars import StoreCalendars
from tickloom.frames.request import Beside, nearest_of
from tickloom.frames.rows import floats_of, read_rows, stamps_of
from tickloom.specs import session_on
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import EPOCH, ContractColumns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tickloom.contracts import Instrument
    from tickloom.engine.underlying.asof import Float64
    from tickloom.store.api import Partition, Store

READ: Final = {
    "intrinsic_value": ("opt_type",),
    "time_value": ("opt_type", "price"),
    "mid_price": ("bp0", "sp0"),
}
"""What added columns read besides time, expiry and strike."""

_US: Final = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Join:
    """Puts what was asked for beside option ticks of one store."""

    store: Store
    """The store."""

    beside: Beside
    """What was asked for."""

    calendars: StoreCalendars
    """They know the moments of settlement."""

    @classmethod
    def of(cls, store: Store, beside: Beside) -> Join:
        """For ticks of ``store``."""
        return cls(store, beside, StoreCalendars(store.manifest, None))

    @property
    def columns_read(self) -> set[str]:
        """The columns of ticks that :meth:`put` reads."""
        read = {name for added in self.beside.added for name in READ.get(added, ())}
        return read | ({"timestamp", "expiry", "strike"} if self.beside.underlying else set())

    def put(
        self, partition: Partition, every: ContractColumns, frame: pl.DataFrame
    ) -> pl.DataFrame:
        """``frame``, rows of ``partition``, with what is wanted beside it. ``every``: all contracts
        of the partition, whose quotes make the forward."""
        import polars as pl

        columns = {}
        price = np.full(frame.height, np.nan)
        underlying = self.beside.underlying
        if underlying == "forward":
            price = self._forwards(partition, every, frame)
        elif underlying is not None:
            series = self._series(partition.key, underlying)
            if series is not None:
                price = series.as_of(stamps_of(frame), self.beside.stale_us)
        if underlying is not None:
            columns[f"{underlying}_price"] = price
        for name in self.beside.added:
            columns[name] = _added(name, frame, price)
        return frame.with_columns(pl.Series(name, values) for name, values in columns.items())

    def _series(self, options: PartitionKey, instrument: Instrument) -> Series | None:
        """The ``spot``, or the ``future`` that expires next, beside the partition ``options``; None
        where the store has none on that day."""

        def read(found: Sequence[Partition]) -> Series | None:
            for series in found:
                contracts = series.contracts()
                if instrument == "future":
                    contracts = nearest_of(contracts, options.date)
                if not len(contracts):
                    return None
                rows = read_rows(series, contracts, ["timestamp", "price"])
                series.confirm()
                return Series.of(stamps_of(rows), floats_of(rows, "price"))
            return None

        found = self.store.find(PartitionKey(options.date, options.underlying, instrument))
        return steadily(self.store, [found] if found else [], read)

    def _forwards(
        self, partition: Partition, every: ContractColumns, frame: pl.DataFrame
    ) -> Float64:
        """``float64[rows]``: the forward of each row's expiry as of its moment."""
        moments, expiries = stamps_of(frame), frame["expiry"].to_physical().to_numpy()
        result = np.full(frame.height, np.nan)
        rate = self.beside.rate
        for expiry in np.unique(expiries):
            rows = expiries == expiry
            settlement = None
            if rate:
                day = dt.date.fromordinal(int(expiry) + EPOCH)
                settlement = _settlement_us(self.calendars, partition.key.underlying, day)
            found = parity(_quotes(partition, every.where(every.expiries == expiry)))
            result[rows] = found.as_of(moments[rows], self.beside.stale_us, rate, settlement)
        return result


def _added(name: str, frame: pl.DataFrame, price: Float64) -> Float64:
    """One of the added columns; NaN where something that it needs is missing."""
    if name == "spot_price":
        return price
    if name == "mid_price":
        return middles(floats_of(frame, "bp0"), floats_of(frame, "sp0"))
    distance = floats_of(frame, "strike") - price
    if name == "distance_from_spot":
        return distance
    if name == "moneyness_pct":
        return 100 * distance / price
    calls = (frame["opt_type"].cast(str) == "CE").to_numpy()
    intrinsic = np.maximum(0.0, np.where(calls, -distance, distance))
    return intrinsic if name == "intrinsic_value" else floats_of(frame, "price") - intrinsic


def _quotes(partition: Partition, contracts: ContractColumns) -> Quotes:
    rows = read_rows(partition, contracts, ["timestamp", "bp0", "sp0"])
    return Quotes(
        stamps=stamps_of(rows),
        strikes=np.repeat(contracts.strikes, contracts.rows),
        calls=np.repeat(contracts.calls, contracts.rows),
        middles=middles(floats_of(rows, "bp0"), floats_of(rows, "sp0")),
    )


def _settlement_us(calendars: StoreCalendars, underlying: str, expiry: dt.date) -> int:
    """When what expires on ``expiry`` is settled, microseconds of the wall clock.

    Raises :class:`UsageError` where the calendar has no session on that day.
    """
    session = session_on(calendars.of(underlying), expiry)
    if session is None:
        raise UsageError(
            f"the calendar has no session on {expiry}, so options that expire then have no moment "
            "of settlement; give rate=0, or a calendar file that has the day"
        )
    moment = dt.datetime.combine(expiry, session.settlement)
    return (moment - dt.datetime(1970, 1, 1)) // _US
