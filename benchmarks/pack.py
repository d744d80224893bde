"""Packing: each stage by itself on one thread, and the whole."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from benchmarks import calibration, sampling, sizes

MIB = 2**20
SORTS = 5
"""Times that every contract of a partition is sorted."""


class Calibration(calibration.Calibration):
    """The host while this topic runs."""

    timer = time.perf_counter


def setup_cache() -> str:
    """A raw folder, and both stores of it."""
    from benchmarks.table.data import make_raw, make_stores

    folder = Path.cwd()
    raw = make_raw(folder, sizes.scaled(800_000), strikes=12)
    make_stores(folder, raw, executor="threads")
    return str(raw)


class Stage(sampling.WallTimed):
    """One stage over what the stage before it gives."""

    repeat = sizes.repeats(3)

    def setup(self, raw: str) -> None:
        import polars as pl

        from tickloom import SourceOptions, open_store
        from tickloom.host import get_host

        self.host = get_host()
        self.reader = self.host.readers.get("nse-parquet")
        self.options = SourceOptions()
        self.units = list(self.reader.discover(Path(raw), self.options))
        partition = open_store(Path(raw).parent / "store").partitions()[0]
        self.partition = pl.read_parquet(partition.file())
        self.frames = [
            self.partition.slice(contract.first_row, contract.rows)
            for contract in partition.index().contracts
        ]
        self.shuffled = [
            frame.sample(fraction=1.0, shuffle=True, seed=number)
            for number, frame in enumerate(self.frames)
        ]

    def time_read(self, raw: str) -> None:
        for unit in self.units:
            for _ in self.reader.read(unit, self.options):
                pass

    def time_write(self, raw: str) -> None:
        from tickloom import WriteSettings

        writer = self.host.writers.get("parquet")
        out = Path("written.parquet")
        writer.write(self.frames, out, WriteSettings())
        out.unlink()

    def time_sort(self, raw: str) -> None:
        """Sources whose rows are in no order: what a vendor may send."""
        from tickloom.packing.merging.merge import from_source

        for _ in range(SORTS):
            for frame in self.shuffled:
                from_source(frame)

    def time_merge(self, raw: str) -> None:
        """Two sources of each contract, which share half of their rows."""
        from tickloom.packing.merging.merge import from_source, merge

        columns = tuple(self.partition.columns)
        for frame in self.frames:
            third = frame.height // 3
            sources = [from_source(frame.head(2 * third)), from_source(frame.tail(2 * third))]
            if third:
                merge(sources, columns)


class Transform(sampling.WallTimed):
    """The built-in transforms of a batch."""

    repeat = sizes.repeats(3)

    def setup(self, raw: str) -> None:
        from tickloom import ContractSlice, PartitionContext, SourceOptions
        from tickloom.host import get_host

        host = get_host()
        reader = host.readers.get("nse-parquet")
        options = SourceOptions()
        calendar = host.calendars.get(reader.calendar).load(None)
        self.transforms = [host.transforms.get(name) for name in ("schema", "changeper")]
        self.batches: list[tuple[Any, Any]] = []
        for unit in reader.discover(Path(raw), options):
            for batch in reader.read(unit, options):
                (reading,) = calendar.read_names([batch.symbol])
                contract = batch.contract or reading.contract
                whole = ContractSlice(
                    contract=contract,
                    expiry=calendar.expiry(contract),
                    start=0,
                    rows=batch.frame.height,
                )
                context = PartitionContext(symbol=batch.symbol, date=None, slices=(whole,))
                self.batches.append((batch.frame, context))

    def time_transform(self, raw: str) -> None:
        for _ in range(5):
            for frame, context in self.batches:
                changed = frame
                for transform in self.transforms:
                    changed = transform.apply(changed, context)


class Whole(sampling.WallTimed):
    """``tickloom pack`` of the raw folder, in threads of this process: its memory is all there."""

    repeat = sizes.repeats(2)

    def setup(self, raw: str) -> None:
        shutil.rmtree("out", ignore_errors=True)

    def time_pack(self, raw: str) -> None:
        self._pack(raw)

    def peakmem_pack(self, raw: str) -> None:
        self._pack(raw)

    def track_bytes_per_row(self, raw: str) -> float:
        return self._pack(raw)

    def _pack(self, raw: str) -> float:
        from tickloom import pack

        report = pack(raw, "out", executor="threads", workers=1, memory=1024 * MIB)
        return report.bytes_out / report.rows_written

    track_bytes_per_row.unit = "bytes a row"  # type: ignore[attr-defined]


class Text(sampling.WallTimed):
    """``tickloom pack`` of text by a mapping, in threads of this process: a chain's snapshots, a
    few hundred rows of as many contracts in each file, and the ticks of a spot and of a future."""

    repeat = sizes.repeats(2)

    def setup(self, _raw: str) -> None:
        if not Path("chain.toml").exists():
            _write_snapshots(Path("chain"), sizes.scaled(200))
            _write_series(Path("series"), sizes.scaled(200_000))
        shutil.rmtree("out", ignore_errors=True)

    def time_pack_snapshots(self, _raw: str) -> None:
        _pack_text("chain", "chain.toml")

    def time_pack_spot(self, _raw: str) -> None:
        _pack_text("series", "spot.toml")

    def time_pack_future(self, _raw: str) -> None:
        _pack_text("series", "future.toml")


_MAPPING = """
symbol = "{symbol}"
clock = { columns = ["at"], zone = "Asia/Kolkata" }
columns = { price = "ltp", volume = "volume" }
"""


def _write_snapshots(folder: Path, files: int) -> None:
    folder.mkdir()
    names = [
        f"NIFTY25DEC{strike}{right}"
        for strike in range(20_000, 28_750, 50)
        for right in ("CE", "PE")
    ]
    for number in range(files):
        at = f"2025-11-03 {9 + (15 + number) // 60:02}:{(15 + number) % 60:02}:00"
        rows = [
            f"{at},{name},{100 + (number * 7 + i) % 500 / 20},{number * 50}"
            for i, name in enumerate(names)
        ]
        (folder / f"{number:04}.csv").write_text("\n".join(["at,symbol,ltp,volume", *rows, ""]))
    Path("chain.toml").write_text(f'files = ["*.csv"]{_MAPPING}')


def _write_series(folder: Path, rows: int) -> None:
    folder.mkdir()
    lines = (
        f"2025-11-{3 + row % 2:02} 10:{row // 3600 % 60:02}:{row // 60 % 60:02},"
        f"NIFTY,{25_000 + row % 777 / 20},{row}"
        for row in range(rows)
    )
    (folder / "nifty.csv").write_text("\n".join(["at,symbol,ltp,volume", *lines, ""]))
    for instrument in ("spot", "future"):
        Path(f"{instrument}.toml").write_text(
            f'files = ["*.csv"]\ninstrument = "{instrument}"{_MAPPING}'
        )


def _pack_text(source: str, mapping: str) -> None:
    from tickloom import pack

    report = pack(source, "out", mapping=mapping, executor="threads", workers=1)
    assert report.rows_written == report.rows_read > 0, report
