"""A store as scripts hold it: its partitions, and its rows as Polars frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from tickloom.errors import UsageError
from tickloom.paths import local_path
from tickloom.store import api
from tickloom.store.api import Partition
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl

    from tickloom.contracts import Instrument
    from tickloom.frames.request import Beside, Selected, Selection, Underlying
    from tickloom.frames.underlying import Join


def open_store(path: str | PathLike[str]) -> Store:
    """The store at ``path``. Finishes what a killed writer left behind, where it may write.

    Raises :class:`UsageError` if there is none, :class:`StoreError` if its manifest is damaged or
    of a newer format.
    """
    return Store(local_path(path))


class Store(api.Store):
    """A store as it was when it was opened or last looked at."""

    def ticks(
        self,
        *,
        instrument: Instrument = "option",
        columns: Sequence[str] | None = None,
        with_underlying: Underlying | None = None,
        stale_ms: float = 0,
        rate: float = 0.0,
        add: Sequence[str] = (),
        **selection: Unpack[Selection],
    ) -> pl.DataFrame:
        """The ticks that the selection takes, in the store's order, as one frame.

        ``underlyings``, ``start``, ``end``, ``expiry``, ``strikes`` and ``right`` select as those
        of :func:`tickloom.run` do; ``expiry='nearest'`` is, on each day, the first expiry that has
        not passed. ``instrument`` is ``option``, ``spot`` or ``future``: a series is one
        underlying's. ``columns``: just these, in this order; None: all.

        ``with_underlying`` adds ``spot_price``, ``future_price`` (of the future that expires next)
        or ``forward_price`` (of the tick's own expiry, by put-call parity): the value as of the
        tick, of what was stamped strictly before it on that day; NaN where there is none. One that
        is older than ``stale_ms`` milliseconds is none; 0: it never gets too old. ``rate`` is
        interest per year for the forward, compounded continuously. ``add`` computes columns from
        that value, in the price's unit: ``spot_price``, ``distance_from_spot`` (strike - spot),
        ``moneyness_pct`` (100 * (strike - spot) / spot), ``intrinsic_value``, ``time_value`` (price
        - intrinsic value), and ``mid_price``, which needs no underlying. All are float64.

        Raises :class:`UsageError` for what does not exist or cannot be meant, :class:`StoreError`
        for a store that is damaged or not sorted, :class:`CalendarGapError` for a ``rate`` where
        the moment of settlement is not known.
        """
        import polars as pl

        frames = self.frames(
            instrument=instrument,
            columns=columns,
            with_underlying=with_underlying,
            stale_ms=stale_ms,
            rate=rate,
            add=add,
            **selection,
        )
        return pl.concat((frame for _, frame in frames), how="diagonal")

    def frames(
        self,
        *,
        instrument: Instrument = "option",
        columns: Sequence[str] | None = None,
        with_underlying: Underlying | None = None,
        stale_ms: float = 0,
        rate: float = 0.0,
        add: Sequence[str] = (),
        **selection: Unpack[Selection],
    ) -> Iterator[tuple[PartitionKey, pl.DataFrame]]:
        """What :meth:`ticks` gives, one partition after another, so that one is in memory at once:
        each partition's key and frame, without those that have no such ticks."""
        from tickloom.frames.request import beside_of, selected_of

        selected = selected_of(instrument, selection)
        beside = beside_of(
            instrument, with_underlying=with_underlying, stale_ms=stale_ms, rate=rate, add=add
        )
        return self._frames(selected, _names(columns), beside)

    def _frames(
        self, selected: Selected, columns: list[str] | None, beside: Beside
    ) -> Iterator[tuple[PartitionKey, pl.DataFrame]]:
        from tickloom.engine.running.reread import steadily
        from tickloom.frames.underlying import Join

        found, join = self._chosen(selected), Join.of(self, beside)
        some = False
        for partition in found:

            def read(present: Sequence[Partition]) -> pl.DataFrame | None:
                for each in present:
                    return self._read(each, selected, columns, join)
                return None

            frame = steadily(self, [partition], read)
            if frame is not None:
                some = True
                yield partition.key, frame
        if not some:
            raise self._nothing(found, selected)

    def _chosen(self, selected: Selected) -> list[Partition]:
        """The partitions that are selected by day and underlying."""
        if selected.instrument == "option":
            return selected.filters.partitions(self.partitions())
        of_kind = [p for p in self.series() if p.key.instrument == selected.instrument]
        if not of_kind:
            raise UsageError(
                f"{self.path} has no {selected.instrument} series; pack raw files of it first"
            )
        found = selected.filters.partitions(of_kind)
        names = sorted({partition.key.underlying for partition in found})
        if len(names) > 1:
            raise UsageError(
                f"the {selected.instrument} ticks of one underlying make a frame; say which of "
                f"{', '.join(names)} with underlyings="
            )
        return found

    def _read(
        self,
        partition: Partition,
        selected: Selected,
        columns: list[str] | None,
        join: Join,
    ) -> pl.DataFrame | None:
        """The frame of one partition; None where nothing of it is selected."""
        from tickloom.engine.columns.slices import check_order
        from tickloom.frames.rows import read_rows

        every = partition.contracts()
        if selected.instrument == "option":
            check_order(partition.key, every)
        contracts = selected.contracts(partition.key, every)
        if not len(contracts):
            return None
        names = columns
        if names is None:
            names = list(partition.writer.summarise(partition.file()).columns)
        helpers = sorted(join.columns_read.difference(names))
        frame = read_rows(partition, contracts, [*names, *helpers])
        frame = join.put(partition, every, frame)
        partition.confirm()
        return frame.drop(helpers)

    def _nothing(self, partitions: Sequence[Partition], selected: Selected) -> UsageError:
        """The error where no contract of ``partitions`` is selected."""
        from tickloom.engine.request.filters import no_contract

        if selected.nearest:
            return UsageError(
                "no contract of the nearest expiry with these strikes and this right; "
                "leave out strikes or right, or name an expiry"
            )
        rows = (row for each in partitions for row in each.index().contracts)
        return no_contract(selected.filters, rows)


def _names(columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    from tickloom.engine import arguments

    expected = "names of columns, in a list, like ['timestamp', 'price']"
    names = [
        arguments.text("columns", name, expected)
        for name in arguments.several("columns", columns, expected)
    ]
    if not names:
        raise arguments.wrong("columns", expected, columns)
    return list(dict.fromkeys(names))
