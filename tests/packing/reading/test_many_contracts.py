"""Rows of many contracts as one frame: the store is that of the same rows contract by contract."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.packing.raw_files import data_files, stored

import tickloom
from tickloom import PartitionContext, RawBatch, RawRows, TransformSpec
from tickloom.host import get_host
from tickloom.packing.bins import reader as bin_reader
from tickloom.packing.reading import many
from tickloom.packing.reading.parts import Part, one_by_one
from tickloom.packing.report import PackReport
from tickloom.store.verify import verify_store

SEED = 20251103

MAPPING = """
symbol = "{sym}"
clock = { columns = ["at"], zone = "Asia/Kolkata" }
columns = { price = "px", volume = "vol", bp0 = "bid", sp0 = "ask", symbol = "said" }
extra = { iv = "iv" }
"""
HEADER = "at,sym,px,vol,bid,ask,said,iv"
NAMES = [f"NIFTY25NOV{25000 + 50 * i}{right}" for i in range(6) for right in ("CE", "PE")]
ODD_NAMES = ["NIFTY", "NIFTY25NOVFUT", "BANKNIFTY25NOV52000CE", "NIFTY25N1825100CE"]
DAYS = ["2025-11-03", "2025-11-04"]


def chain(generator: random.Random, snapshots: int) -> list[str]:
    """Lines of a file: snapshots of most contracts, with a few faults."""
    lines = []
    for _ in range(snapshots):
        at = f"{generator.choice(DAYS)} 09:15:{generator.randrange(12):02d}"
        for name in [*NAMES, *ODD_NAMES]:
            if generator.random() < 0.2:
                continue
            price = generator.choice(
                ["1.5", "2.25", "0", "-0.0", "", "-1", "1e400"][: 5 + 2 * odd(generator)]
            )
            volume = str(generator.randrange(4) - 5 * odd(generator))
            when = f"2025-11-02{at[10:]}" if odd(generator) else at
            said = generator.choice(["", name, name.lower(), "NIFTY"])
            if odd(generator):
                said = generator.choice(NAMES)
            iv = generator.choice(["", "0.25"])
            lines.append(f"{when},{name},{price},{volume},{price},2,{said},{iv}")
    return lines


def odd(generator: random.Random) -> bool:
    return generator.random() < 0.01


def write(folder: Path, generator: random.Random) -> Path:
    """Files that overlap, in part and whole, with rows of one contract twice in a second."""
    folder.mkdir(parents=True)
    earlier: list[list[str]] = []
    for number in range(12):
        lines = chain(generator, generator.randrange(1, 5))
        if earlier and generator.random() < 0.5:
            lines = generator.choice(earlier)[generator.randrange(9) :] + lines
        earlier.append(lines)
        (folder / f"{number:02d}.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    (folder.with_name("mapping.toml")).write_text(MAPPING)
    return folder


def packed(raw: Path, store: Path, **options: Any) -> PackReport:
    report = tickloom.pack(
        raw, store, mapping=raw.with_name("mapping.toml"), executor="threads", **options
    )
    assert report.rows_read == (
        report.rows_written + report.rows_duplicate + report.rows_quarantined
    )
    return report


@pytest.fixture
def singly(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Within it, the reader's rows of many contracts come as batches of one each."""
    host = get_host()
    spec = host.readers.get("csv")

    def read(*given: Any) -> Iterator[Part]:
        yield from one_by_one(spec.read(*given))

    with pytest.MonkeyPatch.context() as patch:
        known = type(host.readers).get
        patch.setattr(
            type(host.readers),
            "get",
            lambda self, name: (
                replace(found, read=read) if (found := known(self, name)) is spec else found
            ),
        )
        yield patch


def facts(report: PackReport) -> dict[str, Any]:
    found = report.to_json()
    for name in ("elapsed_s", "rows_per_s", "bytes_in"):
        del found[name]
    found["quarantined"] = sorted(
        (Path(q["path"]).name, q["reason"], q["rows"]) for q in found["quarantined"]
    )
    return {**found, "crossed": report.crossed_quotes, "resets": report.volume_resets}


@pytest.mark.parametrize("enough", [40, 10_000])
@pytest.mark.parametrize("seed", range(2))
def test_the_store_is_that_of_batches_of_one_contract(
    tmp_path: Path,
    singly: pytest.MonkeyPatch,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    enough: int,
) -> None:
    """Whole, in two packs, and again; with bad rows, strange names, overlaps and conflicts."""
    print(f"seed {SEED + seed}")
    raw = write(tmp_path / "raw", random.Random(SEED + seed))
    calls: list[int] = []
    add = many.ManyContracts.add

    def noted(self: many.ManyContracts, *given: Any) -> None:
        calls.append(1)
        add(self, *given)

    monkeypatch.setattr(many.ManyContracts, "add", noted)
    expected = facts(packed(raw, tmp_path / "one"))
    assert not calls
    singly.undo()
    monkeypatch.setattr(many, "ENOUGH_ROWS", enough)
    assert facts(packed(raw, tmp_path / "many")) == expected
    assert calls
    wanted = data_files(tmp_path / "one")
    assert data_files(tmp_path / "many") == wanted
    later = tmp_path / "later"
    later.mkdir()
    for path in sorted(raw.iterdir())[::2]:
        path.rename(later / path.name)
    packed(raw, tmp_path / "two")
    packed(later, tmp_path / "two", workers=1)
    assert data_files(tmp_path / "two") == wanted
    assert packed(later, tmp_path / "two").sources_skipped >= 0
    assert verify_store(tmp_path / "two", deep=True).ok


@pytest.mark.parametrize("loaded", [0, 10**9])
def test_blocks_are_read_from_files_too(
    tmp_path: Path, singly: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, loaded: int
) -> None:
    """Compressed ones, which are unpacked into a file, and contracts that are merged in pieces."""
    raw = write(tmp_path / "raw", random.Random(SEED))
    packed(raw, tmp_path / "one")
    singly.undo()
    monkeypatch.setattr("tickloom.packing.bins.mixed.MOST_LOADED_ROWS", loaded)
    monkeypatch.setattr(bin_reader, "MOST_LOADED_ROWS", loaded)
    monkeypatch.setattr("tickloom.packing.pipeline.cache_room", lambda staging: 0)
    monkeypatch.setattr("tickloom.packing.workers.budget.ASSEMBLY_ROWS", 20)
    packed(raw, tmp_path / "many")
    assert data_files(tmp_path / "many") == data_files(tmp_path / "one")


def test_a_unit_that_fails_late_leaves_nothing(tmp_path: Path) -> None:
    """Its rows lie in a block together with those of others."""
    raw = write(tmp_path / "raw", random.Random(SEED))
    good = packed(raw, tmp_path / "good", workers=1)
    (raw / "05a.csv").write_text("\n".join([HEADER, *chain(random.Random(1), 3), "x" * 70_000_000]))
    report = packed(raw, tmp_path / "store", workers=1)
    assert report.rows_written <= good.rows_written + 200
    assert verify_store(tmp_path / "store", deep=True).ok


def test_a_transform_of_one_contract_is_called_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = write(tmp_path / "raw", random.Random(SEED))
    seen = []

    def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        [part] = context.slices
        assert (part.start, part.rows) == (0, frame.height)
        assert context.symbol
        seen.append(context.symbol)
        return frame.with_columns(pl.lit(part.contract.strike).alias("named_strike"))

    spec = TransformSpec(
        name="named-strike",
        summary="s",
        phase="batch",
        needs=("price",),
        gives=("named_strike",),
        apply=apply,
    )
    transforms = many.batch_transforms()
    for module in ("many", "unit"):
        monkeypatch.setattr(
            f"tickloom.packing.reading.{module}.batch_transforms", lambda *_: (*transforms, spec)
        )
    packed(raw, tmp_path / "store")
    rows = stored(tmp_path / "store")
    assert (rows["named_strike"] == rows["strike"].cast(pl.Float64)).all()
    assert set(NAMES) <= set(seen)


def test_rows_of_many_contracts_are_checked(tmp_path: Path) -> None:
    from tickloom.packing.reading.parts import check_part

    frame = pl.DataFrame({"price": [1.0, 2.0]})
    wrong: list[tuple[Any, str]] = [
        (pl.Series(["a"]), "a text for each of the 2 rows; found 1"),
        (pl.Series(["a", None]), "found 2 of which 1 are null"),
        (pl.Series([1, 2]), "must be a polars Series of text"),
        (["a", "b"], "must be a polars Series of text"),
    ]
    for symbols, message in wrong:
        with pytest.raises((TypeError, ValueError), match=message):
            check_part(RawRows(frame=frame, symbols=symbols))
    check_part(RawRows(frame=frame, symbols=pl.Series(["a", "b"])))
    assert [
        type(part) for part in one_by_one([RawRows(frame=frame, symbols=pl.Series(["a", "b"]))])
    ] == [RawBatch] * 2
