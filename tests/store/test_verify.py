"""``tickloom verify`` says which file is wrong, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner
from tests.store.store_data import KEY, OTHER, index_of, make_store, partition_frame, write_file

from tickloom.cli.verify import command
from tickloom.errors import StoreError
from tickloom.store.api import open_store
from tickloom.store.commits.manifest import seal
from tickloom.store.verify import Problem, Report, verify_store
from tickloom.store.writer import StoreWriter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    make_store(tmp_path / "s", {KEY: partition_frame(KEY), OTHER: partition_frame(OTHER, seed=2)})
    return tmp_path / "s"


def only(report: Report) -> Problem:
    assert len(report.problems) == 1, report.problems
    return report.problems[0]


@pytest.mark.parametrize("deep", [False, True])
def test_a_whole_store_is_ok(store: Path, deep: bool) -> None:
    report = verify_store(store, deep=deep)
    assert report.problems == []
    assert (report.files, report.rows, report.notes) == (2, 640, [])


def test_json_and_exit_codes(store: Path) -> None:
    done = CliRunner().invoke(command, [str(store), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "ok": True,
        "files": 2,
        "rows": 640,
        "problems": [],
        "notes": [],
    }
    (store / KEY.file()).unlink()
    done = CliRunner().invoke(command, [str(store), "--json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert not found["ok"]
    assert found["problems"] == [{"path": str(store / KEY.file()), "reason": "it is missing"}]


def test_a_changed_bit_in_a_data_file(store: Path) -> None:
    file = store / KEY.file()
    data = bytearray(file.read_bytes())
    data[1000] ^= 4
    file.write_bytes(data)
    problem = only(verify_store(store))
    assert problem.path == str(file)
    assert "its bytes changed" in problem.reason


def test_a_truncated_data_file(store: Path) -> None:
    file = store / KEY.file()
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-7])
    assert only(verify_store(store)).reason == f"expected {size} bytes, found {size - 7}"


def test_a_changed_bit_in_an_index(store: Path) -> None:
    file = store / OTHER.index
    file.write_bytes(file.read_bytes().replace(b'"weekly"', b'"monthly"', 1)[:-1] + b" ")
    assert only(verify_store(store)).path == str(file)


def test_a_damaged_manifest_is_named_and_the_files_are_still_looked_at(store: Path) -> None:
    manifest = store / "_tickloom" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"rows":320', b'"rows":321', 1))
    report = verify_store(store)
    problem = only(report)
    assert problem.path == str(manifest)
    assert "checksum" in problem.reason
    assert "adopt" in problem.reason
    assert (report.files, report.rows) == (2, 640)


def test_a_file_that_the_manifest_does_not_know(store: Path) -> None:
    stranger = store / "2025-08-05" / "NIFTY" / "part-nifty-0.parquet"
    stranger.parent.mkdir(parents=True)
    write_file(stranger, partition_frame())
    problem = only(verify_store(store))
    assert problem.path == str(stranger)
    assert "not in the manifest" in problem.reason


def test_a_newer_format_is_refused_with_a_sentence(store: Path) -> None:
    manifest = store / "_tickloom" / "manifest.json"
    manifest.write_bytes(seal(manifest.read_bytes().split(b'"body":', 1)[1][:-2], 7))
    with pytest.raises(StoreError, match=r"store format 7.*formats up to 2.*[Uu]pgrade tickloom"):
        open_store(store)
    with pytest.raises(StoreError, match="store format 7"):
        StoreWriter.open(store)


def test_a_flipped_format_number_is_damage(store: Path) -> None:
    manifest = store / "_tickloom" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'{"format":1', b'{"format":3', 1))
    problem = only(verify_store(store))
    assert problem.path == str(manifest)
    assert "checksum" in problem.reason


def commit_wrong(tmp_path: Path, frame: pl.DataFrame) -> Path:
    make_store(tmp_path / "w", {KEY: frame})
    return tmp_path / "w"


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits that do not look at columns, as those of 0.1.0."""
    monkeypatch.setattr("tickloom.store.writer.check_summary", lambda *given: None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame.drop("oi"), "expected 58 columns; missing: oi"),
        (
            lambda frame: frame.with_columns(pl.col("bq0").cast(pl.Int32)),
            "column bq0: expected int64, found int32",
        ),
        (lambda frame: frame.with_columns(iv=0.5), "columns that the manifest does not name: iv"),
        (lambda frame: frame[:, ::-1], "the columns are not in the order of the store"),
    ],
)
def test_what_verify_would_refuse_is_not_committed(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], reason: str
) -> None:
    with pytest.raises(StoreError, match=f"{reason}. That is what writer 'parquet' makes"):
        commit_wrong(tmp_path, change(partition_frame()))
    assert open_store(tmp_path / "w").partitions() == ()


@pytest.mark.usefixtures("unseen")
def test_wrong_types_and_columns(tmp_path: Path) -> None:
    frame = partition_frame().with_columns(pl.col("bq0").cast(pl.Int32)).drop("oi")
    report = verify_store(commit_wrong(tmp_path, frame))
    assert [problem.reason for problem in report.problems] == [
        "expected 58 columns; missing: oi",
        "column bq0: expected int64, found int32",
    ]


@pytest.mark.usefixtures("unseen")
def test_columns_in_another_order(tmp_path: Path) -> None:
    frame = partition_frame()
    report = verify_store(commit_wrong(tmp_path, frame.select(reversed(frame.columns))))
    assert only(report).reason == "the columns are not in the order of the store"


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("vol_delta", pl.col("vol_delta") + pl.int_range(pl.len()).eq(77).cast(pl.Int64)),
        ("timestamp_ns", pl.col("timestamp_ns") + pl.int_range(pl.len()).eq(77).cast(pl.Int64)),
        ("is_weekly", pl.int_range(pl.len()).eq(77)),
        ("is_monthly", pl.int_range(pl.len()).ne(77)),
    ],
)
def test_deep_recomputes_derived_columns(tmp_path: Path, column: str, change: pl.Expr) -> None:
    store = commit_wrong(tmp_path, partition_frame().with_columns(change.alias(column)))
    assert verify_store(store).ok
    assert only(verify_store(store, deep=True)).reason == (
        f"{column} is not what the other columns make it in 1 rows"
    )


def test_deep_accepts_resets_and_nulls_of_volume(tmp_path: Path) -> None:
    rows = [(None, None), (5, 0), (9, 4), (2, 0), (None, None), (4, 0), (4, 0), (7, 3)]
    frame = partition_frame(ticks=8, strikes=(100,))[:8].with_columns(
        pl.Series("volume", [r[0] for r in rows], pl.Int64),
        pl.Series("vol_delta", [r[1] for r in rows], pl.Int64),
    )
    assert verify_store(commit_wrong(tmp_path, frame), deep=True).ok


def write_foreign(path: Path, frame: pl.DataFrame) -> Path:
    file = path / KEY.file()
    file.parent.mkdir(parents=True)
    frame.with_columns(pl.col("symbol", "opt_type", "expiry_type").cast(pl.String)).write_parquet(
        file
    )
    return file


def test_a_store_without_a_manifest_is_verified_as_far_as_possible(tmp_path: Path) -> None:
    write_foreign(tmp_path, partition_frame())
    report = verify_store(tmp_path)
    assert (report.ok, report.files, report.rows) == (True, 1, 320)
    assert "without a manifest" in report.notes[0]
    assert "adopt" in report.notes[0]


def test_an_unsorted_store_without_a_manifest(tmp_path: Path) -> None:
    frame = partition_frame()
    write_foreign(tmp_path, pl.concat([frame[10:], frame[:10]]))
    assert "tickloom resort" in only(verify_store(tmp_path)).reason


def test_an_undecodable_file_without_a_manifest(tmp_path: Path) -> None:
    file = write_foreign(tmp_path, partition_frame())
    file.write_bytes(file.read_bytes()[:-100])
    report = verify_store(tmp_path)
    assert only(report).path == str(file)
    assert report.rows == 0


def test_rows_without_an_expiry(tmp_path: Path) -> None:
    no_expiry = pl.lit(None, pl.Date).alias("expiry")
    write_foreign(tmp_path, partition_frame().with_columns(no_expiry))
    assert "320 rows have no expiry" in only(verify_store(tmp_path)).reason


def test_a_contract_that_an_index_names_twice(tmp_path: Path) -> None:
    frame = partition_frame()
    index = index_of(frame)
    doubled = msgspec.structs.replace(
        index,
        contracts=tuple(
            msgspec.structs.replace(c, contract=index.contracts[0].contract)
            for c in index.contracts[:2]
        )
        + index.contracts[2:],
    )
    with StoreWriter.open(tmp_path / "s", create=True) as writer:
        staged = writer.stage(KEY)
        write_file(staged, frame)
        writer.commit(KEY, staged, doubled)
    assert verify_store(tmp_path / "s").ok
    assert "twice" in only(verify_store(tmp_path / "s", deep=True)).reason


def test_dates_that_are_no_dates_are_not_partitions(store: Path) -> None:
    (store / "2025-99-99" / "X").mkdir(parents=True)
    assert verify_store(store).files == 2
