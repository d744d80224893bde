"""From disk to PnL: the product's runs beside the documented designs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.documented import chunks
from benchmarks.documented.chunks import Workers
from benchmarks.documented.cross_over import Outcome
from benchmarks.table.cores import confined
from benchmarks.table.data import Stores
from benchmarks.table.interleaved import Contender, Timing, interleave

YARDSTICK = "documented presorted, strict arithmetic"


def product(store: Path, **options: object) -> Callable[[], Outcome]:
    """``tickloom run ema-cross`` over a store."""

    def work() -> Outcome:
        from tickloom import run

        result = run("ema-cross", store, **options)  # type: ignore[arg-type]
        return Outcome(result.pnl, result.trades, result.rows)

    return work


def documented(workers: Workers, design: str, files: Sequence[Path]) -> Callable[[], Outcome]:
    """One documented design over its own files."""
    return lambda: workers.run(design, files)


def measure_designs(stores: Stores, repeats: int, workers: int = 2) -> list[Timing]:
    """All designs over the same rows."""
    files = stores.files()
    with chunks.started_workers(workers, min(files, key=lambda file: file.stat().st_size)) as pool:
        contenders = [
            Contender(YARDSTICK, documented(pool, "presorted, strict", files)),
            Contender("documented presorted", documented(pool, "presorted", files), strict=False),
            Contender(
                "documented single pass", documented(pool, "single pass", files), strict=False
            ),
            Contender(
                "documented filter per contract",
                documented(pool, "filter per contract", files),
                strict=False,
            ),
            Contender("tickloom run", product(stores.product, workers=workers, hot=False)),
            Contender(
                "tickloom run, documented files",
                product(stores.documented, workers=workers, hot=False),
            ),
            Contender("tickloom run --hot", product(stores.product, workers=workers, hot=True)),
        ]
        return interleave(contenders, repeats)


def measure_sizes(sizes: Sequence[Stores], repeats: int) -> list[tuple[int, list[Timing]]]:
    """For each size, in rows, the presorted design and the product."""
    measured = []
    for stores in sizes:
        files = stores.files()
        with chunks.started_workers(2, files[0]) as pool:
            contenders = [
                Contender(YARDSTICK, documented(pool, "presorted, strict", files)),
                Contender("tickloom run", product(stores.product, workers=2, hot=False)),
                Contender("tickloom run --hot", product(stores.product, workers=2, hot=True)),
            ]
            measured.append((stores.rows, interleave(contenders, repeats)))
    return measured


def measure_workers(stores: Stores, repeats: int, *, hot: bool) -> list[Timing]:
    """One worker on one core, and two on two: threads and, from Parquet, processes. A lone worker
    with both cores is shown beside them: Polars decodes for it on both."""
    contenders = [
        Contender(
            f"{executor}, {workers} on {cores}",
            _on_cores(cores, product(stores.product, executor=executor, workers=workers, hot=hot)),
        )
        for executor in (("threads",) if hot else ("threads", "processes"))
        for workers, cores in ((1, 1), (2, 2), (1, 2))
    ]
    return interleave(contenders, repeats)


def _on_cores(cores: int, work: Callable[[], Outcome]) -> Callable[[], Outcome]:
    def confined_work() -> Outcome:
        with confined(cores):
            return work()

    return confined_work


def measure_filter(stores: Stores, repeats: int) -> list[Timing]:
    """Everything, one contract, and one contract on one day: one with about as many rows as a
    contract of the first partition has in the mean."""
    from tickloom import open_store

    partition = open_store(stores.product).partitions()[0]
    contracts = partition.index().contracts
    one = min(contracts, key=lambda each: abs(each.rows - partition.rows / len(contracts)))
    contract = {
        "expiry": one.expiry,
        "strikes": (one.strike, one.strike),
        "right": one.right,
        "underlyings": (partition.key.underlying,),
    }
    day = {"start": partition.key.date, "end": partition.key.date}
    contenders = [
        Contender("every contract", product(stores.product, hot=False)),
        Contender("one contract", product(stores.product, hot=False, **contract)),
        Contender("one contract, one day", product(stores.product, hot=False, **contract, **day)),
    ]
    return interleave(contenders, repeats, same_rows=False)
