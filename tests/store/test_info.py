"""``tickloom info`` and ``tickloom quarantine``: what is in a store, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.store.store_data import KEY, OTHER, make_store, partition_frame

from tickloom import __version__
from tickloom.cli.info import command as info
from tickloom.cli.quarantine import command as quarantine
from tickloom.schema import Column
from tickloom.store.commits.manifest import Rejection, SourceEntry, SourceFile
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter


def invoke_json(command: object, *args: str | Path) -> dict[str, object]:
    done = CliRunner().invoke(command, [*map(str, args), "--json"])  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Path:
    make_store(tmp_path / "s", {KEY: partition_frame(KEY), OTHER: partition_frame(OTHER, seed=2)})
    return tmp_path / "s"


def source(key: str, *rejected: Rejection) -> SourceEntry:
    return SourceEntry(
        key=key,
        files=(SourceFile(f"/raw/{key}", 10, 20, "ab"),),
        reader="nse-parquet",
        settings="x",
        state="quarantined" if rejected else "packed",
        rows=5,
        partitions=(str(KEY),),
        rejected=rejected,
    )


def test_info_counts_what_is_there(store: Path) -> None:
    with StoreWriter.open(store) as writer:
        writer.set_plugins({"tickloom": "1.2"})
        writer.set_settings({"reader": "nse-parquet"})
        writer.set_columns([Column("iv", "float64", "implied volatility")])
        writer.record_sources([source("a"), source("b"), source("c", Rejection("c", "empty"))])
    found = invoke_json(info, store)
    size = sum((store / key.file()).stat().st_size for key in (KEY, OTHER))
    assert found == {
        "path": str(store),
        "managed": True,
        "partitions": 2,
        "rows": 640,
        "bytes": size,
        "dates": 2,
        "first_date": "2025-08-01",
        "last_date": "2025-08-04",
        "underlyings": {"BANKNIFTY": 320, "M&M": 320},
        "expiries": ["2025-08-28", "2025-09-30"],
        "contracts": 16,
        "sources": {"packed": 2, "quarantined": 1},
        "rows_conflicting": 0,
        "conflicts": {},
        "series": {},
        "columns": ["iv"],
        "settings": {"reader": "nse-parquet"},
        "plugins": {"tickloom": "1.2"},
        "format": 1,
        "packer": __version__,
    }
    text = CliRunner().invoke(info, [str(store)]).stdout
    assert "2025-08-01 to 2025-08-04, 2 days" in text
    assert "BANKNIFTY (320 rows), M&M (320 rows)" in text


def test_info_of_a_store_without_a_manifest_even_unsorted(tmp_path: Path) -> None:
    file = tmp_path / KEY.file()
    file.parent.mkdir(parents=True)
    partition_frame().reverse().with_columns(pl.col("opt_type").cast(pl.String)).write_parquet(file)
    found = invoke_json(info, tmp_path)
    assert (found["managed"], found["rows"], found["contracts"]) == (False, 320, 8)
    assert found["format"] is None


def test_quarantine_lists_files_and_kept_rows(store: Path) -> None:
    with StoreWriter.open(store) as writer:
        kept, orphan = writer.staging / "kept.parquet", writer.staging / "orphan.parquet"
        for path in (kept, orphan):
            pl.DataFrame({"price": [-1.0], "reason": ["price is negative"]}).write_parquet(path)
        file, digest = writer.keep_rejected(kept, "a.parquet")
        writer.keep_rejected(orphan, "nobody-names-it.parquet")
        whole = Rejection("/raw/b", "expected Parquet, found text", 0)
        rows = Rejection("/raw/a", "price is negative", 1, file, digest)
        writer.record_sources([source("b", whole), source("a", rows)])
    target = store / "_tickloom" / file
    assert invoke_json(quarantine, store) == {
        "quarantined": [
            {"path": "/raw/a", "reason": "price is negative", "rows": 1, "file": str(target)},
            {"path": "/raw/b", "reason": "expected Parquet, found text", "rows": 0, "file": None},
        ]
    }
    assert list(target.parent.iterdir()) == [target]
    assert pl.read_parquet(target)["reason"].to_list() == ["price is negative"]
    assert verify_store(store).ok
    target.write_bytes(b"x")
    assert [problem.path for problem in verify_store(store).problems] == [str(target)]


def test_a_source_that_was_packed_after_all_leaves_the_quarantine(store: Path) -> None:
    with StoreWriter.open(store) as writer:
        staged = writer.staging / "kept.parquet"
        pl.DataFrame({"reason": ["x"]}).write_parquet(staged)
        file, digest = writer.keep_rejected(staged, "a.parquet")
        writer.record_sources([source("a", Rejection("/raw/a", "x", 1, file, digest))])
    with StoreWriter.open(store) as writer:
        writer.record_sources([source("a")])
    assert invoke_json(quarantine, store) == {"quarantined": []}
    assert not any((store / "_tickloom" / "quarantine").iterdir())
