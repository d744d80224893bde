"""Running over a store: projection, filters, the hot tier, and the documented designs beside it."""

from __future__ import annotations

from pathlib import Path

from benchmarks import calibration, sampling, sizes
from benchmarks.table.data import Stores

DESIGNS = ("presorted, strict", "single pass", "filter per contract")
COLUMNS = (1, 4, 58)


class Calibration(calibration.Calibration):
    """The host while this topic runs."""


def setup_cache() -> Stores:
    """Both stores of 5 M rows: six times two days of two underlyings, and the hot tier."""
    from benchmarks.table.data import make_raw, make_stores, multiply
    from tickloom import run

    folder = Path.cwd()
    raw = make_raw(folder, sizes.scaled(800_000), strikes=16)
    stores = multiply(make_stores(folder / "base", raw, executor="threads"), folder / "all", 6)
    run("ema-cross", stores.product, workers=1, hot=True)
    return stores


class Projection(sampling.CpuTimed):
    """Reading some columns of every row, on one thread."""

    repeat = sizes.repeats(3)
    params = (COLUMNS,)
    param_names = ("columns",)

    def setup(self, stores: Stores, columns: int) -> None:
        from tickloom import STORED_COLUMNS, open_store
        from tickloom.host import get_host

        self.scan = get_host().writers.get("parquet").scan
        first = ("price", "bp0", "sp0", "volume")
        rest = [column.name for column in STORED_COLUMNS if column.name not in first]
        self.names = [*first, *rest][:columns]
        partitions = open_store(stores.product).partitions()
        # All columns of one partition take as long as a few columns of all of them, again and
        # again.
        few = columns < len(STORED_COLUMNS)
        self.partitions = partitions * (8 // columns + 1) if few else partitions[:1] * 2

    def time_scan(self, stores: Stores, columns: int) -> None:
        for partition in self.partitions:
            for table in self.scan(partition.file(), self.names, [(0, partition.rows)]):
                assert table.num_rows == partition.rows


class Run(sampling.CpuTimed):
    """``tickloom.run`` with one worker."""

    repeat = sizes.repeats(5)

    def setup(self, stores: Stores) -> None:
        from tickloom import open_store, run

        self.run = run
        run("ema-cross", stores.product, workers=1, hot=True)
        run("ema-cross", stores.product, workers=1, hot=False)
        contracts = open_store(stores.product).partitions()[0].index().contracts
        self.one = contracts[len(contracts) // 2]

    def time_run(self, stores: Stores) -> None:
        for _ in range(2):
            self.run("ema-cross", stores.product, workers=1, hot=False)

    def time_run_hot(self, stores: Stores) -> None:
        for _ in range(8):
            self.run("ema-cross", stores.product, workers=1, hot=True)

    def time_run_one_contract(self, stores: Stores) -> None:
        for _ in range(12):
            self.run(
                "ema-cross",
                stores.product,
                workers=1,
                hot=False,
                expiry=self.one.expiry,
                strikes=(self.one.strike, self.one.strike),
                right=self.one.right,
            )

    def time_run_one_day(self, stores: Stores) -> None:
        from tickloom import open_store

        day = open_store(stores.product).partitions()[0].key.date
        for _ in range(12):
            self.run("ema-cross", stores.product, workers=1, hot=False, start=day, end=day)

    def peakmem_run(self, stores: Stores) -> None:
        self.run("ema-cross", stores.product, workers=1, hot=False)

    def track_calibrated_cost(self, stores: Stores) -> float:
        return calibration.calibrated_cost(lambda: self.time_run(stores), 2 * stores.rows)

    track_calibrated_cost.unit = "calibration rows per row"  # type: ignore[attr-defined]


class DocumentedDesigns:
    """Time of the product over time of a documented design, same rows, one thread: below 1 is
    faster."""

    params = (DESIGNS,)
    param_names = ("design",)

    def track_time_ratio(self, stores: Stores, design: str) -> float:
        from benchmarks.documented.chunks import run_chunk
        from benchmarks.table.interleaved import Contender, interleave
        from benchmarks.table.running import product

        files = stores.files()[:8]
        days = sorted({Path(file).parts[-3] for file in files})
        documented = Contender(design, lambda: run_chunk(design, files), strict=False)
        ours = Contender(
            "product",
            product(stores.product, workers=1, hot=False, start=days[0], end=days[-1]),
            strict=False,
        )
        theirs, own = interleave([documented, ours], repeats=sizes.repeats(3))
        return own.best / theirs.best

    track_time_ratio.unit = "times the documented time"  # type: ignore[attr-defined]
