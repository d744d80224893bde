"""Memory is bounded by a setting, not by the input."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import psutil  # type: ignore[import-untyped]
import pytest
from tests.packing.raw_files import raw_frame

from tickloom import open_store, pack
from tickloom.contracts import Contract, Expiry
from tickloom.errors import UsageError
from tickloom.packing.bins.bin import Bin, Segment
from tickloom.packing.bins.file import BinFile, Part, compact
from tickloom.packing.bins.reader import LEAST_MAPPED_ROWS
from tickloom.packing.bins.space import BinSpace, BinUse
from tickloom.packing.merging.runs import NumberedBin
from tickloom.packing.partitions.assembly import PartitionTask, _Assembly
from tickloom.packing.rows.table import TIMESTAMP_NS
from tickloom.packing.workers.budget import MIB, budget_for, parse_size
from tickloom.schema import RAW_COLUMNS, STORED_COLUMNS, polars_schema
from tickloom.store.layout import PartitionKey

CAP = 512 * MIB
DAY = dt.date(2025, 8, 28)
ROWS = int(os.environ.get("TICKLOOM_MEMORY_CAMPAIGN_ROWS", "1500000"))
"""1.5 million rows need 600 MB in memory; ``make memory-campaign`` takes ten times the cap."""

FILE_ROWS = 50_000


def file_frame(per_second: int) -> pl.DataFrame:
    """A contract's rows, whose prices and quantities repeat as little as real ones."""
    ticks = [(i // per_second, 100 + (i * 7919 % 997) / 20, i * 15) for i in range(FILE_ROWS)]
    noise = {
        f"{side}{what}{level}": [(i * (31 + 7 * level)) % 5003 for i in range(FILE_ROWS)]
        for level in range(5)
        for side in "bs"
        for what in "qo"
    }
    return raw_frame(ticks, noise)


def write_input(folder: Path) -> None:
    """Files of one day."""
    folder.mkdir()
    frame = file_frame(3)
    for number in range(ROWS // FILE_ROWS):
        strike = 40_000.0 + 100 * number
        name = f"banknifty25aug{strike:g}ce"
        named = frame.with_columns(pl.lit(name.upper()).alias("symbol"), strike=strike)
        named.write_parquet(folder / f"{name}.parquet", compression="lz4")


def peak_of(command: list[str]) -> tuple[int, str]:
    """Peak resident memory of the command's process tree, bytes, and its errors."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as packer:
        process = psutil.Process(packer.pid)
        while packer.poll() is None:
            peak = max(peak, _resident(process))
            time.sleep(0.02)
        assert packer.stderr is not None
        errors = packer.stderr.read().decode()
    return peak, errors if packer.returncode else ""


def _resident(process: psutil.Process) -> int:
    total = 0
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in tree:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue  # it ended meanwhile
    return total


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is counted as Linux does")
def test_process_tree_stays_within_the_cap(tmp_path: Path) -> None:
    write_input(tmp_path / "raw")
    command = [sys.executable, "-m", "tickloom", "pack", str(tmp_path / "raw")]
    peak, errors = peak_of([*command, str(tmp_path / "store"), "--memory", "512M"])
    assert errors == ""
    assert peak <= 1.15 * CAP, f"{peak / MIB:.0f} MB"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is counted as Linux does")
def test_one_new_row_of_a_large_stored_contract_stays_within_the_cap(tmp_path: Path) -> None:
    """550,000 rows of one contract and day took 767 MB while they were merged at once."""
    frame = file_frame(100)
    seconds = frame["timestamp"].n_unique()
    later = [
        frame.with_columns(pl.col("timestamp", "ts") + pl.duration(seconds=number * seconds))
        for number in range(11)
    ]
    name = "banknifty25aug54000ce.parquet"
    for folder, rows in (("raw", pl.concat(later)), ("new", later[5][500:501])):
        (tmp_path / folder).mkdir()
        rows = rows.with_columns(price=99.5) if folder == "new" else rows
        rows.write_parquet(tmp_path / folder / name, compression="lz4", row_group_size=FILE_ROWS)
    store = tmp_path / "store"
    pack(tmp_path / "raw", store)
    command = [sys.executable, "-m", "tickloom", "pack", str(tmp_path / "new"), str(store)]
    peak, errors = peak_of([*command, "--memory", "512M"])
    assert errors == ""
    assert open_store(store).partitions()[0].rows == 11 * FILE_ROWS + 1
    assert peak <= 1.15 * CAP, f"{peak / MIB:.0f} MB"


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 512M; found 256M"):
        budget_for(256 * MIB, None, shares_memory=False)


def test_budget_takes_fewer_workers_before_it_gets_tight() -> None:
    assert budget_for(CAP, 8, shares_memory=False).workers == 1
    assert budget_for(16 * CAP, 8, shares_memory=False).workers == 8


def test_bins_are_compressed_where_the_cache_would_not_hold_them(tmp_path: Path) -> None:
    space = BinSpace(tmp_path, cache=30_000)
    places = [space.place(1_000) for _ in range(3)]
    assert [place.compress for place in places] == [False, False, True]
    assert {place.path.parent for place in places} == {tmp_path}
    # What the first ones really took leaves room for the next.
    for place in places:
        space.written(place.path, raw_bytes=1_000, size=4_000)
    assert not space.place(1_000).compress


def test_bins_go_when_their_last_partition_is_done(tmp_path: Path) -> None:
    contract = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)
    expiry = Expiry(date=DAY, scheduled=DAY, kind="monthly")
    keys = [PartitionKey(day, "BANKNIFTY") for day in (DAY, DAY + dt.timedelta(days=1))]
    space = BinSpace(tmp_path, cache=30_000)
    places = [space.place(1_000) for _ in range(2)]
    for place in places:
        place.path.write_bytes(b"bins")
    both = [Bin(keys[0], contract, expiry, place.path, [], False) for place in places]
    use = BinUse({keys[0]: [b.file for b in both], keys[1]: [both[0].file]})
    use.done(keys[0])
    assert [place.path.exists() for place in places] == [True, False]
    use.done(keys[1])
    assert not places[0].path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="what is mapped is counted as Linux does")
def test_bins_of_a_large_contract_are_let_go_piece_by_piece(tmp_path: Path) -> None:
    path, rows, count = tmp_path / "bins", LEAST_MAPPED_ROWS, 5
    frame = raw_frame([(i, 100.0, i) for i in range(rows * count)])
    frame = frame.with_columns(timestamp_ns=pl.col("timestamp").dt.epoch("ns"))
    frame = frame.cast(dict(polars_schema((*RAW_COLUMNS, TIMESTAMP_NS))))
    key = PartitionKey(DAY, "BANKNIFTY")
    parts = [Part(key, start, rows) for start in range(0, rows * count, rows)]
    with BinFile(path, compress=False) as bins:
        places = bins.append(compact(frame), parts, shared=False)
        bins.finish()
    times = frame["timestamp"].cast(pl.Int64)
    segments = [
        Segment(*place, rows, times[part.start], times[part.start + rows - 1], in_order=True)
        for part, place in zip(parts, places, strict=True)
    ]
    contract = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)
    expiry = Expiry(date=DAY, scheduled=DAY, kind="monthly")
    task = PartitionTask(
        mixed=(),
        excluded=frozenset(),
        key=key,
        bins=(NumberedBin(0, Bin(key, contract, expiry, path, segments, False)),),
        stored=None,
        clock=None,
        calendar_file=None,
        columns=STORED_COLUMNS,
        writer="parquet",
        target=tmp_path / "target",
        batch_rows=rows,
    )
    mapped = []
    for finished in _Assembly(task)._frames():
        assert finished.height == rows
        del finished
        maps = Path("/proc/self/maps").read_text("utf-8").splitlines()
        mapped.append(sum(line.endswith(str(path)) for line in maps))
    assert mapped == list(reversed(range(count)))


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 * MIB), ("2g", 2048 * MIB), ("1.5 GiB", 1536 * MIB)]
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1G", "1X"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a size like 512M or 4G"):
        parse_size(text)
