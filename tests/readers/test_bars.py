"""A bar's stamp and volume become a tick's: when its values are known, and so far today."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from pathlib import Path

import pytest
from tests.readers.reading import Reading, read_all

from tickloom import UsageError
from tickloom_plugins.readers.csv_mapped import CSV

MAPPING = """
symbol = "{name}"
[clock]
columns = ["start"]
zone = "Asia/Kolkata"
shift = 60
[columns]
price = "close"
volume = { column = "traded", cumulate = true }
"""
HEADER = "start,name,close,traded\n"


def read(tmp_path: Path, lines: list[str], mapping: str = MAPPING, **options: int) -> Reading:
    (tmp_path / "source").mkdir(exist_ok=True)
    (tmp_path / "source" / "a.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
    file = tmp_path / "m.toml"
    file.write_text(mapping)
    return read_all(CSV, tmp_path / "source", mapping=file, **options)


def test_a_bar_is_known_at_its_end(tmp_path: Path) -> None:
    lines = [
        "2025-11-03 09:15:00,a,1.5,75",
        "2025-11-03 15:29:00,a,1.6,",
        "2025-11-03 15:30:00,a,2,5",
    ]
    rows = read(tmp_path, lines).rows["a"]
    at = [dt.datetime(2025, 11, 3, 9, 16), dt.datetime(2025, 11, 3, 15, 30)]
    assert [row["timestamp"] for row in rows[:2]] == at
    assert [row["volume"] for row in rows] == [75, None, 80]
    for shift, first in (("-0.5", "09:14:59.500000"), ("0", "09:15:00"), ("900", "09:30:00")):
        mapping = MAPPING.replace("shift = 60", f"shift = {shift}")
        assert str(read(tmp_path, lines, mapping).rows["a"][0]["timestamp"].time()) == first


@pytest.mark.parametrize("block", [1, 10**8])
def test_volumes_are_summed_by_contract_and_day_over_all_blocks(tmp_path: Path, block: int) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    lines, wanted = [], defaultdict(list)
    so_far: defaultdict[tuple[str, int], int] = defaultdict(int)
    for day in (3, 4):
        for minute in range(60):
            for name in "abc":
                if draw.random() < 0.2:
                    continue
                traded = draw.randint(0, 3) * 75
                lines.append(f"2025-11-0{day} 10:{minute:02d}:00,{name},1,{traded}")
                so_far[name, day] += traded
                wanted[name].append(so_far[name, day])
    found = read(tmp_path, lines, batch_bytes=block)
    assert found.rejected == []
    assert {name: [row["volume"] for row in rows] for name, rows in found.rows.items()} == wanted


def test_bars_that_cannot_be_summed_are_rejected_and_count_for_nothing(tmp_path: Path) -> None:
    lines = [
        "2025-11-03 09:15:00,a,1,10",
        "2025-11-03 09:17:00,a,1,20",
        "2025-11-03 09:16:00,a,1,1000",  # late
        "2025-11-03 09:17:00,a,1,1000",  # again
        "2025-11-03 09:18:00,a,1,-1000",
        "2025-11-03 09:19:00,a,x,1000",
        "2025-11-03 09:16:00,b,1,40",
        "2025-11-03 09:20:00,a,1,30",
    ]
    found = read(tmp_path, lines)
    assert [row["volume"] for row in found.rows["a"]] == [10, 30, 60]
    assert [row["volume"] for row in found.rows["b"]] == [40]
    assert sum(one.rows for one in found.rejected) == 4
    reasons = " ".join(one.reason for one in found.rejected)
    assert "expected each bar of a contract once, in the order of time" in reasons
    assert "expected bars that trade 0 or more" in reasons
    late = next(one for one in found.rejected if "order of time" in one.reason)
    assert late.frame is not None
    assert late.frame["traded"].to_list() == ["1000", "1000"]


def test_what_is_no_number_cannot_be_summed(tmp_path: Path) -> None:
    mapping = MAPPING + '[extra]\nnote = { column = "name", cumulate = true }\n'
    with pytest.raises(UsageError, match="'note' is no number, so nothing can be cumulated"):
        read(tmp_path, [], mapping)
