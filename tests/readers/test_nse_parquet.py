"""Reader ``nse-parquet``: every row in the file's order, or a sentence why not."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import decimal
import gzip
import pickle
import random
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tickloom import RawBatch, ReadError, Rejected, SourceOptions
from tickloom.synth import write_raw
from tickloom_plugins.readers.nse_parquet import NSE_PARQUET, STREAMED

MORNING = dt.datetime(2025, 11, 3, 9, 15)


def ticks(rows: int = 10) -> dict[str, Any]:
    stamps = [MORNING + dt.timedelta(seconds=i // 2) for i in range(rows)]
    return {
        "timestamp": pa.array(stamps, pa.timestamp("us")),
        "price": [100.0 + i for i in range(rows)],
        "volume": list(range(rows)),
    }


def read(path: Path, **options: int) -> list[pl.DataFrame]:
    settings = SourceOptions(**options)
    [unit] = NSE_PARQUET.discover(path, settings)
    frames = []
    for batch in NSE_PARQUET.read(pickle.loads(pickle.dumps(unit)), settings):
        if isinstance(batch, Rejected):
            continue  # a refusal follows
        assert isinstance(batch, RawBatch)
        assert batch.contract is None
        assert batch.symbol == path.stem
        frames.append(batch.frame)
    return frames


def write(path: Path, columns: dict[str, Any], **settings: Any) -> Path:
    pq.write_table(pa.table(columns), path, **settings)
    return path


def test_discovers_below_the_source_in_a_stable_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "folder.parquet").mkdir()
    wanted = [tmp_path / "b/deep/nifty25nov1ce.parquet", tmp_path / "z.PARQUET"]
    for path in [*wanted, tmp_path / "LICENSE", tmp_path / "b/notes.csv"]:
        path.write_bytes(b"")
    units = list(NSE_PARQUET.discover(tmp_path, SourceOptions()))
    assert [unit.paths for unit in units] == [(path,) for path in wanted]
    assert [unit.name for unit in units] == ["nifty25nov1ce", "z"]
    assert list(NSE_PARQUET.discover(tmp_path / "LICENSE", SourceOptions())) == []


def test_synthetic_files_come_through_whole_and_in_order(tmp_path: Path) -> None:
    report = write_raw(tmp_path / "raw", rows=3_000, strikes=3)
    for path in report.folders[0].glob("*.parquet"):
        frames = read(path, batch_rows=100)
        assert max(len(frame) for frame in frames) <= 100
        got = pl.concat(frames).with_columns(pl.col("symbol", "opt_type").cast(pl.String))
        assert got.to_dicts() == pq.read_table(path).to_pylist()


def test_batches_are_bounded_by_bytes_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ticks(1000), row_group_size=10)
    frames = read(path, batch_bytes=24 * 50)
    assert max(len(frame) for frame in frames) <= 50
    assert pl.concat(frames)["volume"].to_list() == list(range(1000))


def test_row_group_over_the_budget_is_refused_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ticks(1000))
    enough = 24 * 1000 // STREAMED
    assert sum(map(len, read(path, batch_bytes=enough))) == 1000
    # Damage after the footer was written: a reader that reads first would trip over it.
    data = bytearray(path.read_bytes())
    data[10:200] = bytes(190)
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"1,000 rows of 24 bytes in row group 0.*--memory"):
        read(path, batch_bytes=enough - 1)


def test_repeated_long_text_stays_small(tmp_path: Path) -> None:
    columns = ticks(1000) | {"note": ["x" * 100_000] * 1000}
    frames = read(write(tmp_path / "a.parquet", columns), batch_bytes=2**20)
    assert frames[0]["note"].dtype == pl.Categorical
    assert frames[0].estimated_size() < 2**20


def test_text_counts_against_the_budget(tmp_path: Path) -> None:
    columns = ticks(100) | {"note": [f"{i:010d}" * 1000 for i in range(100)]}
    with pytest.raises(ReadError, match=rf"row groups of at most {STREAMED * 500_000:,} bytes"):
        read(write(tmp_path / "a.parquet", columns), batch_bytes=500_000)


def aware(zone: str, unit: str = "us") -> pa.Array:
    instants = [MORNING.replace(tzinfo=dt.UTC) - dt.timedelta(hours=5, minutes=30)] * 3
    return pa.array(instants, pa.timestamp(unit, tz=zone))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "+05:30", "America/New_York"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_zone_aware_stamps_land_on_the_wall_clock(tmp_path: Path, zone: str, unit: str) -> None:
    columns = {"timestamp": aware(zone, unit), "price": [1.0] * 3}
    [frame] = read(write(tmp_path / "a.parquet", columns))
    assert frame["timestamp"].dtype.time_zone is None
    assert frame["timestamp"].to_list() == [MORNING] * 3


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view(), "dictionary"])
def test_any_text_type_will_do(tmp_path: Path, text: Any) -> None:
    symbols = pa.array(["X25NOV1CE"] * 10)
    symbols = symbols.dictionary_encode() if text == "dictionary" else symbols.cast(text)
    [frame] = read(write(tmp_path / "a.parquet", ticks() | {"symbol": symbols}))
    assert frame["symbol"].cast(pl.String).to_list() == ["X25NOV1CE"] * 10


def test_extra_and_missing_columns_pass_through(tmp_path: Path) -> None:
    columns = ticks() | {"iv": [0.1] * 10}
    [frame] = read(write(tmp_path / "a.parquet", columns))
    assert frame.columns == ["timestamp", "price", "volume", "iv"]


def test_names_that_look_like_patterns_are_names(tmp_path: Path) -> None:
    columns = ticks() | {"^iv$": [0.1] * 10, "*": [1] * 10, "^.*$": ["x"] * 10}
    [frame] = read(write(tmp_path / "a.parquet", columns))
    assert frame.columns == list(columns)
    assert frame["^iv$"].to_list() == [0.1] * 10


def test_untyped_null_clock_is_a_null_timestamp(tmp_path: Path) -> None:
    columns = ticks() | {"timestamp": pa.nulls(10), "lastTradeTime": pa.nulls(10)}
    [frame] = read(write(tmp_path / "a.parquet", columns))
    assert frame.schema["timestamp"] == frame.schema["lastTradeTime"] == pl.Datetime("us")
    assert frame["timestamp"].null_count() == 10


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1]}, "found none called timestamp and price among a"),
        ({"price": [1.0], "volume": [1]}, "found none called timestamp among price, volume"),
        ({"timestamp": [1762141500], "price": [1.0]}, "found int64, which says neither unit nor"),
        ({"timestamp": ["2025-11-03 09:15:00"], "price": [1.0]}, "for timestamp; found string"),
        (ticks() | {"price": [[1.0]] * 10}, "found price of type list"),
        (ticks(3) | {"ts": aware("UTC")}, "one zone for all clocks.*timestamp: none, ts: UTC"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, columns: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ReadError, match=f"expected .*{reason}"):
        read(write(tmp_path / "a.parquet", columns))


def test_column_that_comes_twice_is_refused(tmp_path: Path) -> None:
    table = pa.table(ticks())
    pq.write_table(table.append_column("price", table["price"]), tmp_path / "a.parquet")
    with pytest.raises(ReadError, match="found several of price"):
        read(tmp_path / "a.parquet")


def test_rows_of_a_refused_file_are_counted(tmp_path: Path) -> None:
    """By its footer: all of them, those included that came before the damage."""
    settings = {"row_group_size": 100, "write_page_checksum": True, "use_dictionary": False}
    broken = write(tmp_path / "a.parquet", ticks(1000), **settings)
    prices = pq.read_metadata(broken).row_group(5).column(1)
    data = bytearray(broken.read_bytes())
    data[prices.data_page_offset + prices.total_compressed_size - 1] ^= 1
    broken.write_bytes(data)
    assert count_until_refused(broken) == (500, 500)
    no_clock = write(tmp_path / "b.parquet", {"price": [1.0] * 7})
    assert count_until_refused(no_clock) == (0, 7)


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("checksums", [True, False])
def test_a_value_changed_under_its_checksum_is_never_delivered(
    tmp_path: Path, checksums: bool, dictionary: bool
) -> None:
    """What cannot tell a changed value from a right one may only read files without checksums."""
    settings = {"write_page_checksum": checksums, "use_dictionary": dictionary}
    path = write(tmp_path / "a.parquet", ticks(1000), compression="none", **settings)
    prices = pq.read_metadata(path).row_group(0).column(1)
    data = bytearray(path.read_bytes())
    start = prices.dictionary_page_offset if dictionary else prices.data_page_offset
    data[start + 4_000] ^= 1
    path.write_bytes(data)
    if checksums:
        with pytest.raises(ReadError, match="found damage"):
            read(path)
    else:
        assert sum(map(len, read(path))) == 1000


def test_damage_without_checksums_is_told_and_all_rows_are_counted(tmp_path: Path) -> None:
    """Compressed pages that do not decompress, in the middle of a file."""
    path = write(tmp_path / "a.parquet", ticks(1000), row_group_size=100, compression="zstd")
    prices = pq.read_metadata(path).row_group(5).column(1)
    start = prices.dictionary_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + prices.total_compressed_size] = bytes(prices.total_compressed_size)
    path.write_bytes(data)
    delivered, rejected = count_until_refused(path)
    assert delivered == 500
    assert rejected == 500


def test_pieces_of_large_row_groups_are_put_together_again(tmp_path: Path) -> None:
    columns = ticks(1000) | {"symbol": ["X25NOV1CE", "Y"] * 500, "iv": [None, 0.5] * 500}
    path = write(tmp_path / "a.parquet", columns, row_group_size=300)
    frames = read(path, batch_rows=70)
    assert max(map(len, frames)) <= 70
    got = pl.concat(frames).with_columns(pl.col("symbol").cast(pl.String))
    assert got.to_dicts() == pq.read_table(path).to_pylist()


def count_until_refused(path: Path) -> tuple[int, int]:
    """Rows delivered, and rows rejected."""
    delivered = rejected = 0
    [unit] = NSE_PARQUET.discover(path, SourceOptions())
    parts = NSE_PARQUET.read(unit, SourceOptions(batch_rows=100))
    with contextlib.suppress(ReadError):
        for part in parts:
            if isinstance(part, Rejected):
                rejected += part.rows
            elif isinstance(part, RawBatch):
                delivered += part.frame.height
        pytest.fail("the file was not refused")
    return delivered, rejected


def test_missing_file_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ticks())
    [unit] = NSE_PARQUET.discover(path, SourceOptions())
    path.unlink()
    with pytest.raises(ReadError, match="expected a file that can be opened"):
        list(NSE_PARQUET.read(unit, SourceOptions()))


def test_damaged_bytes_end_in_a_sentence_or_in_the_same_rows(tmp_path: Path) -> None:
    """Random damage anywhere: page checksums see what is in the pages, nothing else escapes."""
    path = write(tmp_path / "a.parquet", ticks(200), write_page_checksum=True)
    whole = path.read_bytes()
    seed = 20251103
    print(f"seed {seed}")
    generator = random.Random(seed)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        path.write_bytes(data)
        try:
            read(path)
        except ReadError:
            refused += 1
    assert refused > 150
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="found damage"):
        read(path)


class _Keys(pe.KmsClient):
    """Keys that are their own wrapping."""

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64encode(key)

    def unwrap_key(self, wrapped: bytes, _: str) -> bytes:
        return base64.b64decode(wrapped)


@pytest.mark.parametrize("plaintext_footer", [False, True])
def test_encrypted_files_are_called_encrypted(tmp_path: Path, plaintext_footer: bool) -> None:
    factory = pe.CryptoFactory(lambda _: _Keys())
    settings = pe.EncryptionConfiguration(
        footer_key="f",
        column_keys={"k": ["price", "volume"]},
        plaintext_footer=plaintext_footer,
        double_wrapping=False,
    )
    keys = factory.file_encryption_properties(pe.KmsConnectionConfig(), settings)
    path = tmp_path / "nifty25nov25500ce.parquet"
    table = pa.table(ticks())
    with pq.ParquetWriter(path, table.schema, encryption_properties=keys) as writer:
        writer.write_table(table)
    with pytest.raises(ReadError, match=r"found it encrypted\. Decrypt"):
        read(path)


def test_decimals_beyond_38_digits_are_named(tmp_path: Path) -> None:
    for digits, kind in ((50, pa.decimal256(50, 2)), (20, pa.decimal128(20, 2))):
        price = pa.array([decimal.Decimal("1.05")] * 10, kind)
        path = write(tmp_path / "a.parquet", ticks() | {"price": price})
        if digits == 20:
            [frame] = read(path)
            assert frame["price"].cast(pl.Float64).to_list() == [1.05] * 10
            continue
        with pytest.raises(ReadError, match=r"price of type decimal256.*as decimal128 or double"):
            read(path)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gzip.compress(b"PAR1" * 9, mtime=0), "gzip data"),
        (b"<html>not found</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"),
    ],
)
def test_what_is_no_parquet_is_named(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "nifty25nov25500ce.parquet"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=f"expected a Parquet file; found {kind}"):
        read(path)
