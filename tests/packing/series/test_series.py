"""Spot and future series: packed beside options, with every promise that those have."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pyarrow.dataset as pa_dataset
import pytest

from tickloom import StoreError, adopt, info, open_store, pack, verify
from tickloom.store.commits.manifest import Manifest
from tickloom.store.resort import resort_store

SPOT = """
instrument = "spot"
symbol = "{name}"
columns = {price = "ltp"}
extract = {file = "(?P<name>[A-Z]+)"}
clock = {zone = "Asia/Kolkata", columns = ["time"]}
"""

FUTURE = """
instrument = "future"
symbol = "{name}"
columns = {price = "ltp", volume = "vol"}
extract = {file = "(?P<name>[A-Z]+)"}
clock = {zone = "Asia/Kolkata", columns = ["time"]}
"""

TICKS = ["2025-11-03 09:15:01,100.5", "2025-11-03 09:15:01,100.6", "2025-11-04 09:15:02,101"]


def write(folder: Path, name: str, rows: list[str], header: str = "time,ltp") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def mapping(folder: Path, text: str) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text)
    return path


def hashes(store: Path) -> dict[str, str]:
    """Digests of data and indexes by partition."""
    entries = open_store(store).manifest.partitions
    return {str(key): entry.sha256 + entry.index_sha256 for key, entry in entries.items()}


def rows_of(store: Path) -> list[tuple[object, ...]]:
    frame = pl.concat([pl.read_parquet(part.file()) for part in open_store(store).series()])
    return [tuple(map(str, row)) for row in frame.select("timestamp", "price").rows()]


def test_a_spot_of_two_columns_has_two_and_the_stamp(tmp_path: Path) -> None:
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    pack([tmp_path / "raw"], tmp_path / "store", mapping=mapping(tmp_path, SPOT), workers=1)
    files = sorted((tmp_path / "store").glob("_series/spot/*/NIFTY/*.parquet"))
    assert len(files) == 2
    assert pl.read_parquet_schema(files[0]).names() == ["timestamp", "price", "timestamp_ns"]
    assert pl.scan_parquet(files).collect().height == len(TICKS)
    assert pa_dataset.dataset([str(file) for file in files]).count_rows() == len(TICKS)
    assert not list((tmp_path / "store").glob("*/*/*.parquet"))
    assert pa_dataset.dataset(tmp_path / "store", format="parquet").count_rows() == 0
    assert open_store(tmp_path / "store").partitions() == ()
    found = info(tmp_path / "store")
    assert (found.rows, found.series["NIFTY/spot"].rows, found.series["NIFTY/spot"].days) == (
        0,
        3,
        2,
    )
    report = verify(tmp_path / "store", deep=True)
    assert (report.ok, report.rows, report.sources_compared) == (True, 3, 1)


def test_what_a_future_without_a_month_is_the_days_say(tmp_path: Path) -> None:
    # The monthly contract of November 2025 expired on the 25th.
    rows = [
        "2025-11-26 09:15:02,302,7",
        "2025-11-25 09:15:01,301,5",
        "2025-11-25 09:15:00,300,2",
    ]
    write(tmp_path / "raw", "NIFTY.csv", rows, "time,ltp,vol")
    pack([tmp_path / "raw"], tmp_path / "store", mapping=mapping(tmp_path, FUTURE), workers=1)
    frame = pl.concat(
        [pl.read_parquet(part.file()) for part in open_store(tmp_path / "store").series()]
    )
    assert [str(day) for day in frame["expiry"]] == ["2025-11-25", "2025-11-25", "2025-12-30"]
    assert frame["price"].to_list() == [300.0, 301.0, 302.0]
    assert frame["vol_delta"].to_list() == [0, 3, 0]
    assert verify(tmp_path / "store", deep=True).ok


def test_futures_of_a_day_are_sorted_by_expiry_and_time(tmp_path: Path) -> None:
    rows = ["2025-11-03 09:15:02,302,7,2025-12", "2025-11-03 09:15:03,301,5,2025-11"]
    write(tmp_path / "raw", "NIFTY.csv", rows, "time,ltp,vol,month")
    said = 'period = "{month}"\n' + FUTURE
    pack([tmp_path / "raw"], tmp_path / "store", mapping=mapping(tmp_path, said), workers=1)
    [part] = open_store(tmp_path / "store").series()
    assert pl.read_parquet(part.file())["price"].to_list() == [301.0, 302.0]
    assert [one.contract.period for one in part.index().contracts if one.contract] == [
        "2025-11",
        "2025-12",
    ]


@pytest.mark.parametrize("seed", range(4))
def test_sources_are_merged_whatever_their_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    print(f"seed {seed}")
    sources = [
        [
            f"2025-11-03 09:15:{chance.randrange(6):02d},{chance.randrange(1, 4)}"
            for _ in range(chance.randrange(1, 15))
        ]
        for _ in range(3)
    ]
    said = mapping(tmp_path, SPOT)
    for number, rows in enumerate(sources):
        write(tmp_path / f"raw{number}", "NIFTY.csv", rows)
    folders = [tmp_path / f"raw{number}" for number in range(3)]
    stores = []
    for number, order in enumerate(([0, 1, 2], [2, 0, 1])):
        stores.append(tmp_path / f"store{number}")
        for place in order:
            pack([folders[place]], stores[-1], mapping=said, workers=1)
    pack(folders, tmp_path / "at-once", mapping=said, workers=1)
    before = hashes(stores[0])
    pack(folders, stores[0], mapping=said, workers=1, rehash=True)
    assert before == hashes(stores[0]) == hashes(stores[1]) == hashes(tmp_path / "at-once")
    # Of each row as often as the source has it that has it most often.
    wanted: Counter[tuple[str, float]] = Counter()
    for rows in sources:
        wanted |= Counter((row.split(",")[0], float(row.split(",")[1])) for row in rows)
    found = Counter((str(row[0]), float(str(row[1]))) for row in rows_of(stores[0]))
    assert found == wanted


def test_an_altered_byte_is_found_and_nothing_else_is_lost(tmp_path: Path) -> None:
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    store = tmp_path / "store"
    pack([tmp_path / "raw"], store, mapping=mapping(tmp_path, SPOT), workers=1)
    path = open_store(store).series()[0].file()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    report = verify(store)
    assert [problem.path for problem in report.problems] == [str(path)]
    assert {one.outcome for one in resort_store(store, dry_run=True).files} <= {
        "already sorted",
        "failed",
    }


def test_bad_rows_are_quarantined(tmp_path: Path) -> None:
    write(
        tmp_path / "raw", "NIFTY.csv", [*TICKS, "1970-01-01 09:15:00,5", "2025-11-03 10:00:00,-1"]
    )
    report = pack(
        [tmp_path / "raw"], tmp_path / "store", mapping=mapping(tmp_path, SPOT), workers=1
    )
    assert (report.rows_written, report.rows_quarantined) == (3, 2)
    reasons = " ".join(one.reason for one in report.quarantined)
    assert "1970" in reasons
    assert "price is negative" in reasons


def test_columns_of_a_series_are_fixed_by_its_first_pack(tmp_path: Path) -> None:
    store, said = tmp_path / "store", mapping(tmp_path, "same_names = true\n" + SPOT)
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    write(tmp_path / "more", "NIFTY.csv", ["2025-11-03 09:16:00,7,9"], "time,ltp,volume")
    pack([tmp_path / "raw"], store, mapping=said, workers=1)
    refused = pack([tmp_path / "more"], store, mapping=said, workers=1)
    assert "does not have: volume" in refused.quarantined[0].reason
    pack([tmp_path / "more"], store, mapping=said, workers=1, add_columns=True)
    files = sorted(store.glob("_series/spot/*/NIFTY/*.parquet"))
    names = ["timestamp", "price", "volume", "timestamp_ns", "vol_delta"]
    assert [pl.read_parquet_schema(file).names() for file in files] == [names, names]
    assert verify(store, deep=True).ok


def test_the_format_rises_with_the_first_series(tmp_path: Path) -> None:
    assert Manifest().format == 1
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    store = tmp_path / "store"
    pack([tmp_path / "raw"], store, mapping=mapping(tmp_path, SPOT), workers=1)
    assert json.loads((store / "_tickloom" / "manifest.json").read_bytes())["format"] == 2


def test_a_version_that_knows_no_series_refuses_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    pack([tmp_path / "raw"], tmp_path / "store", mapping=mapping(tmp_path, SPOT), workers=1)
    monkeypatch.setattr("tickloom.store.commits.manifest.MANIFEST_FORMAT", 1)
    with pytest.raises(StoreError, match="has store format 2; this tickloom reads formats up to 1"):
        open_store(tmp_path / "store")


def test_a_lost_manifest_is_made_again_with_its_series(tmp_path: Path) -> None:
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    store = tmp_path / "store"
    pack([tmp_path / "raw"], store, mapping=mapping(tmp_path, SPOT), workers=1)
    before = hashes(store)
    columns = open_store(store).manifest.columns_of(open_store(store).series()[0].key)
    (store / "_tickloom" / "manifest.json").unlink()
    adopt(store)
    after = open_store(store)
    assert hashes(store) == before
    assert [c.name for c in after.manifest.columns_of(after.series()[0].key)] == [
        c.name for c in columns
    ]
    assert verify(store, deep=True).ok


def test_resort_puts_a_series_of_another_tool_into_order(tmp_path: Path) -> None:
    write(tmp_path / "raw", "NIFTY.csv", TICKS)
    store = tmp_path / "store"
    pack([tmp_path / "raw"], store, mapping=mapping(tmp_path, SPOT), workers=1)
    path = open_store(store).series()[0].file()
    sorted_rows = pl.read_parquet(path)
    later = sorted_rows.with_columns(pl.col("timestamp") + pl.duration(seconds=5))
    pl.concat([later, sorted_rows]).write_parquet(path)
    shutil.rmtree(store / "_tickloom")
    assert [one.outcome for one in resort_store(store).files] == ["sorted", "already sorted"]
    stamps = pl.read_parquet(path)["timestamp"].to_list()
    assert stamps == sorted(stamps)
    assert len(stamps) == 4
