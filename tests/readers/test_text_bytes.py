"""Text files are what their bytes say: packed or not, in whatever encoding, with bad bytes."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from tests.readers.reading import Reading, read_all

from tickloom import ReadError
from tickloom_plugins.readers.csv_mapped import CSV
from tickloom_plugins.readers.nse_sql import NSE_SQL
from tickloom_plugins.readers.text_bytes import TextBytes, open_text, shown

HEADER = "at,name,ltp,note\n"
LINE = "2025-11-04 10:00:00,nifty25nov25500ce,99.5,fine\n"
TEXT = HEADER + LINE * 3
DUMP = (
    "CREATE TABLE `nifty25nov25500ce` (`timestamp` datetime, `price` double, `note` text);\n"
    "INSERT INTO `nifty25nov25500ce` VALUES ('2025-11-04 10:00:00',99.5,'fine');\n"
)
MAPPING = """
symbol = "{{name}}"
{top}
[clock]
columns = ["at"]
zone = "Asia/Kolkata"
[columns]
price = "ltp"
{more}
"""


def read_csv(tmp_path: Path, data: bytes, top: str = "", more: str = "") -> Reading:
    (tmp_path / "source").mkdir(exist_ok=True)
    (tmp_path / "source" / "a.csv").write_bytes(data)
    file = tmp_path / "mapping.toml"
    file.write_text(MAPPING.format(top=top, more=more))
    return read_all(CSV, tmp_path / "source", mapping=file)


def read_sql(tmp_path: Path, data: bytes) -> Reading:
    (tmp_path / "a.sql").write_bytes(data)
    return read_all(NSE_SQL, tmp_path / "a.sql")


def packed(data: bytes, how: str) -> bytes:
    if how == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", data)
        return stream.getvalue()
    if how == "gzip":
        return gzip.compress(data)
    if how == "bz2":
        return bz2.compress(data)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, how) as out:
        out.write(data)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("how", ["gzip", "bz2", "zstd", "lz4", "zip"])
def test_compression_is_seen_whatever_the_name_says(tmp_path: Path, how: str) -> None:
    assert len(read_csv(tmp_path, packed(TEXT.encode(), how)).rows["nifty25nov25500ce"]) == 3
    assert len(read_sql(tmp_path, packed(DUMP.encode(), how)).rows["nifty25nov25500ce"]) == 1


def test_what_was_unpacked_and_not_renamed_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_text(TEXT)
    with open_text(path, remedy="") as text:
        assert text.read() == TEXT.encode()


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PAR1\x15\x00", "a Parquet file"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"\xfd7zXZ\x00\x00", "xz data"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\x00\x01\x02\x03\x04\x05binary", "binary data"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, start: bytes, kind: str) -> None:
    for read in (read_csv, read_sql):
        with pytest.raises(ReadError, match=f"expected text; found {kind}"):
            read(tmp_path, start + b"\n" * 40)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_text_is_named_and_read_where_the_mapping_says_it(
    tmp_path: Path, encoding: str
) -> None:
    name = encoding[:6].upper()
    with pytest.raises(ReadError, match=rf'found {name}.*encoding = "utf-16"'):
        read_csv(tmp_path, TEXT.encode(encoding))
    with pytest.raises(ReadError, match=f"found {name}. Dump again"):
        read_sql(tmp_path, DUMP.encode(encoding))
    reading = read_csv(tmp_path, TEXT.encode(encoding), f'encoding = "{encoding}"')
    assert len(reading.rows["nifty25nov25500ce"]) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_is_no_text(tmp_path: Path, encoding: str) -> None:
    top = f'encoding = "{encoding}"'
    for text in (TEXT, LINE * 3):
        said = top if text is TEXT else f'{top}\nheader = ["at", "name", "ltp", "note"]'
        reading = read_csv(tmp_path, ("\ufeff" + text).encode(encoding), said)
        assert (len(reading.rows["nifty25nov25500ce"]), reading.rejected) == (3, [])


@pytest.mark.parametrize("first", ["-- a comment\n", "SET TIME_ZONE='+05:30';\n", ""])
def test_a_byte_order_mark_hides_no_statement(tmp_path: Path, first: str) -> None:
    dump = (first + DUMP).replace("datetime", "timestamp NULL" if "ZONE" in first else "datetime")
    bom = codecs.BOM_UTF8
    for data in (bom + dump.encode(), bom + dump.encode() + bom + dump.encode()):
        reading = read_sql(tmp_path, data)
        rows = reading.rows["nifty25nov25500ce"]
        assert [str(row["timestamp"]) for row in rows] == ["2025-11-04 10:00:00"] * len(rows)
        assert (len(rows), reading.rejected) == (data.count(bom), [])
    assert len(read_sql(tmp_path, gzip.compress(bom + dump.encode())).rows) == 1


def test_a_mapping_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    file = tmp_path / "mapping.toml"
    file.write_text(MAPPING.format(top="", more=""), encoding="utf-8-sig")
    assert len(read_all(CSV, tmp_path, mapping=file).rows) == 1


def test_a_bad_byte_costs_its_row_and_only_where_it_is_used(tmp_path: Path) -> None:
    bad = LINE.encode().replace(b"fine", b"caf\xe9")
    data = TEXT.encode() + bad + LINE.encode()
    reading = read_csv(tmp_path, data)  # nobody asked for the note
    assert (len(reading.rows["nifty25nov25500ce"]), reading.rejected) == (5, [])
    reading = read_csv(tmp_path, data, more='[extra]\nnote = "note"')
    assert len(reading.rows["nifty25nov25500ce"]) == 4
    [rejected] = reading.rejected
    assert (rejected.rows, rejected.frame is not None) == (1, True)
    assert r"expected text in note; found 'caf\xe9'. Say its encoding" in rejected.reason
    assert rejected.frame is not None
    assert rejected.frame["note"].to_list() == [r"caf\xe9"]
    reading = read_csv(tmp_path, data, 'encoding = "latin-1"', '[extra]\nnote = "note"')
    assert reading.rows["nifty25nov25500ce"][3]["note"] == "café"


@pytest.mark.parametrize("bad", [b"\xe9", b"\xff\xfe", b"\x80", b"\xf0\x9f\x98"])
def test_a_bad_byte_in_a_line_too_long_costs_that_line(tmp_path: Path, bad: bytes) -> None:
    line = LINE.encode().replace(b"\n", b",more" + bad + b"\n")
    reading = read_csv(tmp_path, TEXT.encode() + line + LINE.encode())
    assert len(reading.rows["nifty25nov25500ce"]) == 4
    [rejected] = reading.rejected
    assert rejected.rows == 1
    assert "expected 4 fields a line; found 5" in rejected.reason
    assert f"\\x{bad[-1]:02x}" in rejected.reason
    assert reading.lost_lines() == [shown(reading.lost_lines()[0])]


def test_bad_bytes_of_a_dump_cost_their_rows(tmp_path: Path) -> None:
    insert = DUMP.splitlines()[1].encode()
    bad = insert.replace(b"fine", b"caf\xe9 \x80")
    reading = read_sql(tmp_path, DUMP.encode() + bad + b"\n" + insert)
    assert len(reading.rows["nifty25nov25500ce"]) == 2
    [rejected] = reading.rejected
    assert rejected.rows == 1
    assert r"table nifty25nov25500ce: expected text in note; found 'caf\xe9 \x80'" in (
        rejected.reason
    )


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "cp1252", "gb18030"])
def test_pieces_of_any_size_are_the_whole(encoding: str) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    text = "".join(
        draw.choice("abc,\n0123é" if encoding[0] != "g" else "漢a1,") for _ in range(500)
    )
    data = text.encode(encoding)
    if encoding == "utf-8":
        data = data[:100] + b"\xc3" + data[100:]  # is one with what follows, or none
    stream = TextBytes(io.BytesIO(data), encoding)
    pieces = []
    while piece := stream.read(draw.randint(1, 9)):
        assert len(piece) <= 9
        pieces.append(piece)
    assert b"".join(pieces) == TextBytes(io.BytesIO(data), encoding).read(10_000)
    if encoding != "utf-8":
        assert b"".join(pieces).decode() == text


def test_a_locked_zip_is_named(tmp_path: Path) -> None:
    data = bytearray(packed(TEXT.encode(), "zip"))
    data[6] |= 1  # the flag in both places where a zip keeps it
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ReadError, match="found it encrypted"):
        read_csv(tmp_path, bytes(data))


def test_no_dump_and_a_dump_without_rows_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="expected CREATE TABLE and INSERT INTO; found"):
        read_sql(tmp_path, b"Dear customer, your data is ready")
    for nothing in ("", "-- nothing\n", "SET NAMES utf8;\n", DUMP.splitlines()[0]):
        reading = read_sql(tmp_path, nothing.encode())
        assert (reading.rows, reading.rejected) == ({}, [])


def test_headers_of_equal_names_stay_apart(tmp_path: Path) -> None:
    head = ",at,name,ltp,ltp,ltp#2,\n"
    line = "0,2025-11-04 10:00:00,nifty25nov25500ce,99.5,1,2,x\n"
    reading = read_csv(tmp_path, (head + line).encode(), more='bp0 = "ltp#2"\nsp0 = "ltp#2#2"')
    [row] = reading.rows["nifty25nov25500ce"]
    assert (row["price"], row["bp0"], row["sp0"]) == (99.5, 1.0, 2.0)
