"""Small files that are read together hold what each of them holds alone."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal, assert_series_equal

import tickloom
from tickloom import RawRows, ReadError, SourceOptions, Unit
from tickloom.packing.sources import plan
from tickloom_plugins.readers import csv_together
from tickloom_plugins.readers.csv_mapped import discover, read, read_together

PLAIN = """
files = ["*.csv"]
symbol = "{symbol}"
clock = { columns = ["at"], zone = "Asia/Kolkata" }
columns = { price = "px", volume = "vol" }
"""
BY_NAME = """
files = ["*.csv"]
symbol = "{symbol}"
clock = { columns = ["day", "at"], zone = "Asia/Kolkata" }
columns = { price = "px" }
extract = { file = '(?P<day>\\d{4}-\\d\\d-\\d\\d)' }
keep = { side = ["C"] }
"""
SIDES = """
files = ["*.csv"]
clock = { columns = ["at"], zone = "Asia/Kolkata" }
[[instruments]]
symbol = "NIFTY25NOV{strike}CE"
columns = { price = "call" }
[[instruments]]
symbol = "NIFTY25NOV{strike}PE"
columns = { price = "put" }
"""
Together = Callable[..., Iterator[tuple[int, list[RawRows]]]]

HEADS = {PLAIN: "at,symbol,px,vol", BY_NAME: "at,symbol,side,px", SIDES: "at,strike,call,put"}


def lines(mapping: str, number: int) -> Iterator[str]:
    day, at = "2025-11-03", f"09:{15 + number}:00"
    for strike in range(25000, 25000 + 50 * (4 + number % 3), 50):
        if mapping == SIDES:
            yield f"{day} {at},{strike},{number + 1}.5,{'' if strike % 100 else '2.25'}"
        elif mapping == BY_NAME:
            yield f"{at},NIFTY25NOV{strike}CE,C,{strike / 1000}"
            yield f"{at},NIFTY25NOV{strike}PE,P,1"
        else:
            yield f"{day} {at},NIFTY25NOV{strike}CE,{strike / 1000},{number}"


def write(folder: Path, mapping: str, files: int = 9) -> SourceOptions:
    (folder / "raw").mkdir()
    for number in range(files):
        text = "\n".join([HEADS[mapping], *lines(mapping, number), ""])
        (folder / f"raw/2025-11-03-{number}.csv").write_text(text)
    (folder / "mapping.toml").write_text(mapping)
    return SourceOptions(mapping=folder / "mapping.toml")


def make_odd(raw: Path) -> set[str]:
    """Files that are to be read alone; two that are not, though they look it."""
    text = (raw / "2025-11-03-0.csv").read_bytes()
    (raw / "a-mark.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (raw / "b-quoted.csv").write_bytes(text.replace(b",25.0,", b',"25.0",'))
    odd = {
        "c-packed.csv": gzip.compress(text),
        "d-empty.csv": b"",
        "e-head.csv": text.split(b"\n")[0] + b"\n",
        "f-other.csv": b"x,y\n1,2\n",
        "g-fields.csv": text + b"2025-11-03 09:20:00,NIFTY25NOV25000CE,1\n",
        "h-price.csv": text + b"2025-11-03 09:20:00,NIFTY25NOV25000CE,abc,1\n",
        "i-byte.csv": text + b"2025-11-03 09:20:00,NIFTY25NOV25000\xe9,1,1\n",
        "j-one.csv": b"\n".join(text.split(b"\n")[:2]) + b"\n",
        "k-order.csv": text.replace(b"at,symbol", b"symbol,at"),
        "l-nul.csv": text + b"\0",
    }
    for name, content in odd.items():
        (raw / name).write_bytes(content)
    return set(odd)


@pytest.mark.parametrize("mapping", HEADS, ids=["plain", "by name", "sides"])
def test_files_together_are_what_they_are_alone(tmp_path: Path, mapping: str) -> None:
    options = write(tmp_path, mapping)
    odd = make_odd(tmp_path / "raw") if mapping == PLAIN else set()
    units = list(discover(tmp_path / "raw", options))
    found = dict(read_together(units, options))
    assert {unit.name for place, unit in enumerate(units) if place not in found} == odd
    for place, parts in found.items():
        alone = list(read(units[place], options))
        for one, other in zip(parts, alone, strict=True):
            assert isinstance(other, RawRows)
            assert_frame_equal(one.frame, other.frame)
            assert_series_equal(one.symbols, other.symbols, check_names=False)
            assert one.dialect == other.dialect


def test_a_mark_of_utf_8_in_another_encoding_is_left_to_be_refused(tmp_path: Path) -> None:
    options = write(tmp_path, PLAIN)
    (tmp_path / "mapping.toml").write_text(f'encoding = "latin-1"\n{PLAIN}')
    for path in (tmp_path / "raw").iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    units = list(discover(tmp_path / "raw", options))
    assert not list(read_together(units, options))
    with pytest.raises(ReadError, match="expected the column 'at'"):
        list(read(units[0], options))


def test_sums_and_series_are_read_alone(tmp_path: Path) -> None:
    options = write(tmp_path, PLAIN)
    for before, after in (
        ('volume = "vol"', 'volume = { column = "vol", cumulate = true }'),
        ('symbol = "{symbol}"', 'symbol = "{symbol}"\ninstrument = "spot"'),
    ):
        (tmp_path / "mapping.toml").write_text(PLAIN.replace(before, after))
        assert not list(read_together(list(discover(tmp_path / "raw", options)), options))


def test_a_store_of_files_together_has_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "GROUPS_PER_WORKER", 1)
    options = write(tmp_path, PLAIN)
    make_odd(tmp_path / "raw")
    found = []
    for name in ("together", "alone"):
        if name == "alone":
            monkeypatch.setattr(csv_together, "read_together", lambda *_: iter(()))
        report = tickloom.pack(
            tmp_path / "raw",
            tmp_path / name,
            mapping=options.mapping,
            workers=1,
            executor="threads",
        )
        files = sorted((tmp_path / name).glob("*/*/*.parquet"))
        told = sorted((str(one.path), one.reason, one.rows) for one in report.quarantined)
        counts = report.rows_read, report.rows_written, report.rows_duplicate, report.files_empty
        found.append((counts, told, [file.read_bytes() for file in files]))
    assert found[0] == found[1]


def late(whole: Together) -> Together:
    def fails(units: Sequence[Unit], *given: Any) -> Iterator[tuple[int, list[RawRows]]]:
        yield next(whole(units, *given))
        raise RuntimeError("lost the thread")

    return fails


def at_once(_whole: Together) -> Together:
    def fails(_units: Sequence[Unit], *_given: Any) -> Iterator[tuple[int, list[RawRows]]]:
        raise RuntimeError("lost the thread")

    return fails


def leaving(_whole: Together) -> Together:
    def fails(_units: Sequence[Unit], *_given: Any) -> Iterator[tuple[int, list[RawRows]]]:
        raise GeneratorExit("lost the thread")

    return fails


def twice(whole: Together) -> Together:
    def fails(units: Sequence[Unit], *given: Any) -> Iterator[tuple[int, list[RawRows]]]:
        first = next(whole(units, *given))
        yield first
        yield first

    return fails


@pytest.mark.parametrize(
    ("fault", "taken", "reason"),
    [
        (late, 1, "RuntimeError: lost the thread ("),
        (at_once, 0, "RuntimeError: lost the thread ("),
        (leaving, 0, "GeneratorExit: lost the thread ("),
        (twice, 1, "KeyError: 0"),
    ],
)
def test_a_reader_that_fails_over_units_together_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Together], Together],
    taken: int,
    reason: str,
) -> None:
    monkeypatch.setattr(plan, "GROUPS_PER_WORKER", 1)
    options, whole = write(tmp_path, PLAIN), csv_together.read_together

    def pack() -> tickloom.PackReport:
        mapping, store = options.mapping, tmp_path / "store"
        return tickloom.pack(
            tmp_path / "raw", store, mapping=mapping, workers=1, executor="threads"
        )

    monkeypatch.setattr(csv_together, "read_together", fault(whole))
    report = pack()
    assert len(report.quarantined) == 9 - taken
    for bad in report.quarantined:
        assert bad.reason.startswith(f"reader 'csv' failed: {reason}")
    assert report.rows_written == report.rows_read == 4 * taken
    monkeypatch.setattr(csv_together, "read_together", whole)
    again = pack()
    assert (again.sources_skipped, again.quarantined) == (taken, [])
    assert again.rows_written == 45 - 4 * taken
