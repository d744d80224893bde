"""``python -m benchmarks.table``: the one-page table of ``make bench``."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import page
from benchmarks.table.data import Stores, make_raw, make_stores, multiply
from benchmarks.table.interleaved import ResultsDifferError

ROOT = Path(__file__).parents[2]
MIB = 2**20
SMALL_DAYS = 7
"""Days of the small contracts that are packed: of 3 M rows, each has some 600 a day."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure."""

    repeats: int
    """Interleaved rounds."""

    base_rows: int
    """Raw rows of the stores that are run over."""

    multiples: tuple[int, ...]
    """How many times as many days the larger stores have."""

    small_rows: int
    """Raw rows of a store that is smaller than the base."""

    pack_rows: int
    """Raw rows that are packed."""


FULL = Effort(
    repeats=5, base_rows=4_000_000, multiples=(4, 16), small_rows=1_000_000, pack_rows=10_000_000
)
QUICK = Effort(
    repeats=5, base_rows=1_000_000, multiples=(4,), small_rows=250_000, pack_rows=1_000_000
)


class Bench:
    """One run of the page: sections share the files that they measure."""

    def __init__(self, effort: Effort, folder: Path) -> None:
        self.effort = effort
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._stores: dict[int, Stores] = {}

    def stores(self, multiple: int = 1) -> Stores:
        """Both stores of ``multiple`` times the base rows, made on first use."""
        if multiple not in self._stores:
            if multiple == 1:
                raw = make_raw(self.folder, self.effort.base_rows)
                self._stores[1] = make_stores(self.folder / "base", raw)
            else:
                place = self.folder / f"times-{multiple}"
                self._stores[multiple] = multiply(self.stores(), place, multiple)
        return self._stores[multiple]

    def small(self) -> Stores:
        """Both stores of the small raw folder."""
        raw = make_raw(self.folder, self.effort.small_rows)
        return make_stores(self.folder / "small", raw)

    def run(self) -> Iterator[str]:
        """From disk to PnL, every design."""
        from benchmarks.table.running import measure_designs

        stores = self.stores(self.effort.multiples[0])
        title = f"From Parquet to PnL, {stores.rows / 1e6:.1f} M rows, 2 workers"
        yield from page.timings(title, measure_designs(stores, self.effort.repeats))

    def loops(self) -> Iterator[str]:
        """The loop alone."""
        from benchmarks.table.loops import load_arrays, measure_loops

        arrays = load_arrays(self.stores())
        title = f"The loop alone, {arrays.rows / 1e6:.1f} M rows in memory, 1 thread"
        yield from page.timings(title, measure_loops(arrays, self.effort.repeats))

    def sweep(self) -> Iterator[str]:
        """Many parameter sets."""
        from benchmarks.table.loops import load_arrays, measure_sweep

        arrays = load_arrays(self.stores())
        title = f"A sweep of 64 sets, {arrays.rows / 1e6:.1f} M rows in memory, 1 thread"
        yield from page.timings(title, measure_sweep(arrays, self.effort.repeats))

    def workers(self) -> Iterator[str]:
        """One worker and two."""
        from benchmarks.table.running import measure_workers

        stores = self.stores(self.effort.multiples[-1])
        for hot in (False, True):
            title = (
                f"Workers on cores, tickloom run{' --hot' * hot}, {stores.rows / 1e6:.1f} M rows"
            )
            measured = measure_workers(stores, self.effort.repeats, hot=hot)
            yield from page.timings(title, measured)

    def filters(self) -> Iterator[str]:
        """One contract instead of all."""
        from benchmarks.table.running import measure_filter

        title = "Filters, tickloom run"
        stores = self.stores(self.effort.multiples[0])
        yield from page.durations(title, measure_filter(stores, self.effort.repeats))

    def scaling(self) -> Iterator[str]:
        """Rows/s as the store grows."""
        from benchmarks.table.running import measure_sizes

        stores = [self.small(), *(self.stores(n) for n in (1, *self.effort.multiples))]
        title = "As the store grows: ratios to the documented presorted design, strict"
        yield from page.sizes(title, measure_sizes(stores, self.effort.repeats))

    def pack(self) -> Iterator[str]:
        """Packing, and its curve of memory and speed."""
        from benchmarks.table.packing import measure_packing

        raw = make_raw(self.folder, self.effort.pack_rows)
        memories = [512 * MIB, 1024 * MIB, 4096 * MIB]
        measured = measure_packing(raw, self.folder, self.effort.repeats, memories)
        title = f"Packing {measured[0].rows / 1e6:.1f} M rows of 52 columns, 2 workers"
        yield from page.packing(title, measured)

        small = make_raw(self.folder, self.effort.pack_rows // 3, days=SMALL_DAYS, strikes=99)
        measured = measure_packing(small, self.folder, self.effort.repeats, memories[1:])
        title = f"Packing {measured[0].rows / 1e6:.1f} M rows of small contracts, {SMALL_DAYS} days"
        yield from page.packing(title, measured)


SECTIONS: dict[str, Callable[[Bench], Iterator[str]]] = {
    "run": Bench.run,
    "loops": Bench.loops,
    "sweep": Bench.sweep,
    "workers": Bench.workers,
    "filters": Bench.filters,
    "scaling": Bench.scaling,
    "pack": Bench.pack,
}


def main() -> int:
    """Print the sections that were asked for; 1 if results that must agree do not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller data")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="a section; repeat")
    parser.add_argument("--folder", type=Path, default=ROOT / ".asv" / "table", help="for data")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    bench = Bench(effort, options.folder / ("quick" if options.quick else "full"))
    print(
        f"tickloom beside the documented designs: {effort.repeats} interleaved rounds, warm page "
        f"cache, compiled before; Python {platform.python_version()}, {platform.machine()}"
    )
    try:
        for name in options.only or SECTIONS:
            for line in SECTIONS[name](bench):
                print(line, flush=True)
    except ResultsDifferError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
