"""Files of another tool may have row groups of any size: they are looked at piece by piece."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickloom.host import get_host
from tickloom.store.partitions import order
from tickloom.store.partitions.order import UnsortedError, contract_runs
from tickloom_plugins.writers import held_rows

ROWS = 1_500_000
WHOLE = 4 * ROWS * 8
"""Bytes of the sort columns, the least that a row group read whole would take."""

PARQUET = get_host().writers.get("parquet")


def bomb(store: Path) -> Path:
    """A partition that is small on disk and whose one row group is large in memory."""
    path = store / "2025-08-01" / "BANKNIFTY" / "part-banknifty-0.parquet"
    path.parent.mkdir(parents=True)
    rows = 100_000
    some = pa.table(
        {
            "expiry": pa.repeat(pa.scalar(dt.date(2025, 8, 28)), rows),
            "opt_type": pa.repeat(pa.scalar("CE"), rows),
            "strike": pa.repeat(pa.scalar(54000.0, pa.float32()), rows),
            "timestamp": pa.repeat(pa.scalar(dt.datetime(2025, 8, 1, 10)), rows),
            **{f"extra{i}": pa.repeat(pa.scalar(1.0), rows) for i in range(4)},
        }
    )
    pq.write_table(pa.concat_tables([some] * (ROWS // rows)), path, row_group_size=ROWS)
    return path


LOOK = """
import sys
from pathlib import Path
import pyarrow as pa
from tickloom.store.resort import resort_store
from tickloom.store.verify import verify_store

store = Path(sys.argv[1])
print({look}, pa.default_memory_pool().max_memory())
"""


@pytest.mark.parametrize(
    "look", ["verify_store(store).rows", "resort_store(store, dry_run=True).files[0].rows"]
)
def test_a_row_group_is_never_held_whole(tmp_path: Path, look: str) -> None:
    path = bomb(tmp_path)
    assert path.stat().st_size < 1_000_000
    assert pq.ParquetFile(path).metadata.num_row_groups == 1
    command = [sys.executable, "-c", LOOK.format(look=look), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, peak = map(int, done.stdout.split())
    assert rows == ROWS
    assert 0 < peak < WHOLE // 3


def test_pieces_of_a_row_group_are_the_rows_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_rows, "HELD_ROWS", 7)
    names = pa.array([f"name {i % 5}" for i in range(60)]).dictionary_encode()
    table = pa.table({"row": np.arange(60), "name": names})
    pq.write_table(table, tmp_path / "file", row_group_size=25)
    print("seed 5")
    chance = random.Random(5)
    ranges = [(chance.randrange(60), chance.randrange(1, 30)) for _ in range(40)]
    ranges = [(first, min(rows, 60 - first)) for first, rows in ranges]
    found = PARQUET.scan(tmp_path / "file", ["name", "row"], ranges)
    for given, (first, rows) in zip(found, ranges, strict=True):
        expected = table.slice(first, rows).to_pydict()
        assert given.to_pydict() == {"name": expected["name"], "row": expected["row"]}


def test_order_is_checked_from_piece_to_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "TABLE_ROWS", 4)
    times = [dt.datetime(2025, 8, 1, 10, second) for second in range(12)]
    path = tmp_path / "file"
    for strikes, runs in (([1.0] * 12, [(0, 12)]), ([1.0] * 4 + [2.0] * 8, [(0, 4), (4, 8)])):
        _write(path, strikes, times)
        assert [(run.first_row, run.rows) for run in contract_runs(path, PARQUET)] == runs
    times[8] = times[0]
    _write(path, [1.0] * 12, times)
    with pytest.raises(UnsortedError, match="row 8 belongs before row 7"):
        contract_runs(path, PARQUET)


def _write(path: Path, strikes: list[float], times: list[dt.datetime]) -> None:
    columns = {
        "expiry": [dt.date(2025, 8, 28)] * len(times),
        "opt_type": ["CE"] * len(times),
        "strike": pa.array(strikes, pa.float32()),
        "timestamp": times,
    }
    pq.write_table(pa.table(columns), path, row_group_size=6)
