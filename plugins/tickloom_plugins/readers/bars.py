"""Bars as ticks: what each bar traded becomes what the day has traded so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

_DAY: Final = "day of the bar"
_LAST: Final = "latest bar"
_TOTAL: Final = "total of {}"


class Bars:
    """Sums up columns by contract and day, over all rows of a unit. Its memory is a row for each
    contract and day."""

    def __init__(self, symbol: str, columns: Sequence[str]) -> None:
        """``symbol`` is the column that names the contract."""
        self._symbol = symbol
        self._columns = tuple(columns)
        self._seen: pl.DataFrame | None = None

    def totals(self, ticks: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[str, pl.Series]]]:
        """The rows with their columns summed up so far, and which rows cannot be summed for what
        reason; those count for nothing. A null stays null."""
        key = [self._symbol, _DAY]
        stamp = pl.col("timestamp")
        rows = ticks.select(self._symbol, "timestamp", *self._columns).with_columns(
            stamp.dt.date().alias(_DAY)
        )
        rows = self._with_seen(rows, key)
        latest = pl.max_horizontal(stamp.cum_max().shift(1).over(key), pl.col(_LAST))
        late = (stamp <= latest).fill_null(False)
        below = pl.any_horizontal(pl.col(name) < 0 for name in self._columns).fill_null(False)
        rows = rows.with_columns(late.alias("late"), (below & ~late).alias("below"))
        sound = ~(pl.col("late") | pl.col("below"))
        sums = rows.select(
            (
                pl.when(sound).then(pl.col(name)).cum_sum().over(key)
                + pl.col(_TOTAL.format(name)).fill_null(0)
            ).alias(name)
            for name in self._columns
        )
        self._remember(rows, sums, key)
        return ticks.with_columns(sums.get_columns()), self._faults(ticks, rows)

    def _with_seen(self, rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
        if self._seen is not None:
            return rows.join(self._seen, on=key, how="left", maintain_order="left")
        return rows.with_columns(
            pl.lit(None, rows.schema["timestamp"]).alias(_LAST),
            *[pl.lit(None, rows.schema[n]).alias(_TOTAL.format(n)) for n in self._columns],
        )

    def _remember(self, rows: pl.DataFrame, sums: pl.DataFrame, key: list[str]) -> None:
        now = rows.select(*key, pl.col("timestamp").alias(_LAST)).with_columns(
            sums[name].alias(_TOTAL.format(name)) for name in self._columns
        )
        both = now if self._seen is None else pl.concat([self._seen, now])
        # Neither a total nor the latest bar ever gets smaller.
        self._seen = both.group_by(key).agg(pl.all().max())

    def _faults(self, ticks: pl.DataFrame, rows: pl.DataFrame) -> list[tuple[str, pl.Series]]:
        faults = []
        if (late := rows["late"]).any():
            found = ticks["timestamp"].filter(late)[0]
            reason = (
                "expected each bar of a contract once, in the order of time, so that they can be "
                f"summed up; found {found} after a bar of then or later"
            )
            faults.append((reason, late))
        if (below := rows["below"]).any():
            faults.append(("expected bars that trade 0 or more; found a negative number", below))
        return faults
