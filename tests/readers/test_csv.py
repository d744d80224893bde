"""Reader ``csv``: what each part of a mapping means, and what becomes of bad rows and files."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.readers.reading import Reading, read_all

from tickloom import RawBatch, ReadError, Rejected, SourceOptions, UsageError
from tickloom_plugins.readers.csv_mapped import CSV

MAPPING = """
symbol = "{sym}"
{top}
[clock]
columns = ["at"]
zone = "Asia/Kolkata"
[columns]
price = "px"
{more}
"""

HEADER = "at,sym,px,vol\n"
ROW = "2025-11-03 09:15:00,nifty25nov25750ce,101.5,75\n"
FIRST = {"timestamp": dt.datetime(2025, 11, 3, 9, 15), "price": 101.5}


def read(
    tmp_path: Path,
    text: str | bytes = HEADER + ROW,
    *,
    mapping: str = "",
    top: str = "",
    more: str = "",
    name: str = "a.csv",
    **options: Any,
) -> Reading:
    source = tmp_path / "source"
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    file = tmp_path / "mapping.toml"
    file.write_text(mapping or MAPPING.replace("{top}", top).replace("{more}", more))
    return read_all(CSV, source, mapping=file, **options)


def only_row(reading: Reading) -> dict[str, Any]:
    assert reading.rejected == []
    [[row]] = reading.rows.values()
    return row


def test_without_a_mapping_nothing_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER)
    assert list(CSV.discover(tmp_path, SourceOptions())) == []


def test_named_columns_become_typed_ones(tmp_path: Path) -> None:
    reading = read(tmp_path, more='volume = "vol"')
    assert reading.rows == {"nifty25nov25750ce": [FIRST | {"volume": 75}]}


def test_contracts_of_one_file_are_told_apart_in_its_order(tmp_path: Path) -> None:
    lines = [f"2025-11-03 09:15:{i:02d},{'abc'[i % 3]},{i},0\n" for i in range(60)]
    reading = read(tmp_path, HEADER + "".join(lines), batch_rows=7)
    assert {symbol: [row["price"] for row in rows] for symbol, rows in reading.rows.items()} == {
        "abc"[i]: [float(n) for n in range(i, 60, 3)] for i in range(3)
    }


def test_large_file_is_read_in_blocks(tmp_path: Path) -> None:
    lines = [f"2025-11-03 09:15:00,a,{i},0\n" for i in range(20_000)]
    reading = read(tmp_path, HEADER + "".join(lines), batch_bytes=16 * 64 * 1024)
    assert [row["price"] for row in reading.rows["a"]] == list(range(20_000))
    assert len(reading.batches) > 5


@pytest.mark.parametrize("codec", ["gzip", "zstd", "bz2"])
def test_compressed_files_are_streamed(tmp_path: Path, codec: str) -> None:
    suffix = {"gzip": ".gz", "zstd": ".zst", "bz2": ".bz2"}[codec]
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, codec) as out:
        out.write((HEADER + ROW).encode())
    data = stream.getvalue().to_pybytes()
    top = 'files = ["*"]'
    assert only_row(read(tmp_path, data, top=top, name=f"a.csv{suffix}")) == FIRST
    (tmp_path / "source" / f"a.csv{suffix}").unlink()
    top += f'\ncompression = "{codec}"'
    assert only_row(read(tmp_path, data, top=top, name="a.dump")) == FIRST


def test_zip_of_one_file_is_streamed(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/a.csv", HEADER + ROW)
    assert only_row(read(tmp_path, stream.getvalue(), name="a.csv.zip")) == FIRST
    for damaged in (stream.getvalue()[:40], stream.getvalue().replace(b"PK\x03", b"PK\x09", 1)):
        with pytest.raises(ReadError, match="expected a readable zip; found damage"):
            read(tmp_path, damaged, name="a.csv.zip")
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("b.csv", HEADER + ROW)
    with pytest.raises(ReadError, match="expected one file in the zip; found 2"):
        read(tmp_path, stream.getvalue(), name="a.csv.zip")


def test_columns_may_have_any_name(tmp_path: Path) -> None:
    mapping = MAPPING.replace("{sym}", "{Trading Symbol}").replace("{top}", "")
    text = "at,Trading Symbol,px\n2025-11-03 09:15:00,x,101.5\n"
    assert read(tmp_path, text, mapping=mapping.replace("{more}", "")).rows == {"x": [FIRST]}


def test_truncated_compression_refuses_the_file(tmp_path: Path) -> None:
    data = gzip.compress((HEADER + ROW * 1000).encode())
    with pytest.raises(ReadError, match="found damage: Truncated"):
        read(tmp_path, data[:-20], name="a.csv.gz")


def test_header_may_be_missing_padded_or_late(tmp_path: Path) -> None:
    top = 'header = ["at", "sym", "px", "vol"]'
    assert only_row(read(tmp_path, ROW, top=top)) == FIRST
    assert only_row(read(tmp_path, " at ,sym  ,px,vol\n" + ROW)) == FIRST
    assert only_row(read(tmp_path, "made by x\n\n" + HEADER + ROW, top="skip_lines = 1")) == FIRST
    assert only_row(read(tmp_path, "\ufeff" + HEADER + ROW)) == FIRST


def test_delimiter_quote_encoding_and_number_style(tmp_path: Path) -> None:
    top = "delimiter = ';'\nquote = \"'\"\nencoding = 'latin-1'\ndecimal = ','\nthousands = '.'"
    text = "at;sym;px;vol;né\n2025-11-03 09:15:00;'a;b';1.101,5;1.000;é\n"
    reading = read(tmp_path, text.encode("latin-1"), top=top, more='volume = "vol"')
    assert reading.rows == {"a;b": [FIRST | {"price": 1101.5, "volume": 1000}]}


def test_nulls_blanks_and_whole_floats(tmp_path: Path) -> None:
    lines = "2025-11-03 09:15:00,a, 1.5 ,2600.0\n2025-11-03 09:15:00,a,NaN,\n"
    reading = read(tmp_path, HEADER + lines, more='volume = "vol"')
    assert [(row["price"], row["volume"]) for row in reading.rows["a"]] == [
        (1.5, 2600),
        (None, None),
    ]
    top = 'nulls = ["-"]'
    reading = read(tmp_path, HEADER + "2025-11-03 09:15:00,a,-,0\n", top=top)
    assert only_row(reading)["price"] is None


def test_division_is_exact(tmp_path: Path) -> None:
    text = HEADER + "".join(f"2025-11-03 09:15:00,a,{n},0\n" for n in range(20_000, 21_000))
    mapping = MAPPING.replace("{top}", "").replace("{more}", "")
    mapping = mapping.replace('"px"', '{ column = "px", divide = 100 }')
    reading = read(tmp_path, text, mapping=mapping)
    assert [row["price"] for row in reading.rows["a"]] == [n / 100 for n in range(20_000, 21_000)]


def test_symbol_can_be_put_together(tmp_path: Path) -> None:
    mapping = MAPPING.replace("{sym}", "OPTIDX{und}{exp:%d/%m/%y>%d-%m-%Y}{cp}{k:g}")
    mapping = mapping.replace("{top}", "").replace("{more}", '[values.cp]\nCALL = "CE"')
    text = "at,px,und,exp,cp,k\n2025-11-03 09:15:00,101.5,NIFTY,25/11/25,CALL,25750.00\n"
    assert list(read(tmp_path, text, mapping=mapping).rows) == ["OPTIDXNIFTY25-11-2025CE25750"]


def test_groups_of_the_file_name_are_columns(tmp_path: Path) -> None:
    mapping = """
    symbol = "{contract}"
    constants = { noon = "12:00" }
    extract = { file = '(?P<day>\\d{8})/(?P<contract>\\w+)\\.csv$' }
    clock = { columns = ["day", "time"], format = "%Y%m%d %H:%M:%S", zone = "Asia/Kolkata" }
    columns = { price = "px" }
    clocks.lastTradeTime = { columns = ["day", "noon"], format = "%Y%m%d %H:%M", zone = "UTC" }
    """
    reading = read(tmp_path, "time,px\n09:15:01,1\n", mapping=mapping, name="20251103/n.csv")
    assert reading.rows["n"] == [
        {
            "timestamp": dt.datetime(2025, 11, 3, 9, 15, 1),
            "lastTradeTime": dt.datetime(2025, 11, 3, 17, 30),
            "price": 1.0,
        }
    ]


def test_extra_same_and_level_columns(tmp_path: Path) -> None:
    text = "at,sym,px,oi,ts,iv,note,b_0,b_1,b_2,b_3,b_4\n"
    text += "2025-11-03 09:15:00,a,1,7,2025-11-03 09:15:01,0.5,x,5,4,3,2,1\n"
    more = (
        '[levels]\nbp = "b_{}"\n[extra]\nnote = "note"\nvol = { column = "iv", type = "float64" }'
    )
    row = only_row(read(tmp_path, text, top="same_names = true\nfirst_level = 0", more=more))
    assert row["ts"] == dt.datetime(2025, 11, 3, 9, 15, 1)
    assert (row["oi"], row["note"], row["vol"]) == (7, "x", 0.5)
    assert [row[f"bp{i}"] for i in range(5)] == [5.0, 4.0, 3.0, 2.0, 1.0]


def test_rows_of_other_instruments_are_left_out(tmp_path: Path) -> None:
    text = "at,sym,px,kind\n2025-11-03 09:15:00,a,1,OPT\n2025-11-03 09:15:00,b,1,FUT\n"
    assert list(read(tmp_path, text, more='[keep]\nkind = ["OPT"]').rows) == ["a"]


def test_unknown_token_is_rejected_not_dropped(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/names.csv").write_text("token,symbol,kind\n1,a,OPT\n2,i,IDX\n")
    mapping = MAPPING.replace("{sym}", "{symbol}").replace("{top}", "")
    mapping = mapping.replace(
        "{more}", '[lookup]\nfiles = "n*.csv"\nkey = "token"\n[keep]\nkind = ["OPT"]'
    )
    text = "at,token,px\n" + "".join(f"2025-11-03 09:15:00,{t},{t}.5\n" for t in (1, 2, 3))
    reading = read(tmp_path, text, mapping=mapping)
    assert [(symbol, rows[0]["price"]) for symbol, rows in reading.rows.items()] == [("a", 1.5)]
    [bad] = reading.rejected
    assert "expected a symbol" in bad.reason
    assert bad.frame is not None
    assert bad.frame.to_dicts() == [{"at": "2025-11-03 09:15:00", "token": "3", "px": "3.5"}]


def test_token_with_two_symbols_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/names.csv").write_text("token,symbol\n1,a\n1,b\n1,a\n")
    mapping = MAPPING.replace("{sym}", "{symbol}").replace("{top}", "")
    mapping = mapping.replace("{more}", '[lookup]\nfiles = "n*.csv"\nkey = "token"')
    with pytest.raises(ReadError, match=r"each token once in the look-up table; found .*a.*b"):
        read(tmp_path, "at,token,px\n", mapping=mapping)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2025-11-03 09:15:00,a,x,1", "expected a number for price; found 'x'"),
        ("2025-11-03 09:15:00,a,1,1.5", "expected a whole number for volume; found '1.5'"),
        ("soon,a,1,1", "expected a stamp as the mapping's clock says for timestamp; found 'soon'"),
        ("2025-11-03 09:15:00,,1,1", "expected a symbol"),
        ("2025-11-03 09:15:00,a,1", "expected 4 fields a line; found 3 in "),
        ("2025-11-03 09:15:00,a,1,1,1", "expected 4 fields a line; found 5 in "),
    ],
)
def test_bad_rows_are_rejected_and_the_rest_goes_on(tmp_path: Path, line: str, reason: str) -> None:
    reading = read(tmp_path, f"{HEADER}{ROW}{line}\n{ROW}", more='volume = "vol"')
    assert len(reading.rows["nifty25nov25750ce"]) == 2
    [bad] = reading.rejected
    assert reason in bad.reason
    assert bad.rows == 1
    assert bad.frame is not None
    texts = bad.frame.row(0)
    assert texts in [(line,), tuple(line.split(","))]


def test_row_with_two_faults_is_rejected_once(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{HEADER}soon,,x,y\n{ROW}", more='volume = "vol"')
    assert sum(bad.rows for bad in reading.rejected) == 1


def test_null_stamp_is_left_to_the_hosts_checks(tmp_path: Path) -> None:
    assert only_row(read(tmp_path, HEADER + ",a,1,1\n"))["timestamp"] is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "at;sym;px\n1;2;3\n",
            "expected the column 'px', which the mapping names for price; found at;",
        ),
    ],
)
def test_file_that_the_mapping_does_not_describe_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ReadError, match=reason):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("header", "last", "some"),
    [
        ("at,sym,price,vol\n", "2025-11-03 09:15:00,a,1,1\n", False),
        (HEADER, "2025-11-03 09:15:00Z,a,1,1\n", True),
    ],
)
def test_rows_of_a_refused_file_are_counted(
    tmp_path: Path, header: str, last: str, some: bool
) -> None:
    long = "2025-11-03 09:15:00,a,1," + "0" * 600 + "\n"  # blocks of 1,024 bytes hold one or two
    (tmp_path / "a.csv").write_text(header + long * 3 + last * 2)
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING.replace("{top}", "").replace("{more}", ""))
    settings = SourceOptions(mapping=mapping, batch_bytes=1)
    [unit] = CSV.discover(tmp_path, settings)
    rows = {RawBatch: 0, Rejected: 0}
    with contextlib.suppress(ReadError):
        for part in CSV.read(unit, settings):
            rows[type(part)] += part.rows if isinstance(part, Rejected) else len(part.frame)
        pytest.fail("the file was not refused")
    assert sum(rows.values()) == 5
    assert bool(rows[RawBatch]) == some


def test_tables_are_part_of_the_unit(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("token,symbol\n1,a\n")
    (tmp_path / "a.csv").write_text("at,token,px\n")
    mapping = tmp_path / "m.toml"
    text = MAPPING.replace("{sym}", "{symbol}").replace("{top}", 'files = ["a.csv"]')
    mapping.write_text(text.replace("{more}", '[lookup]\nfiles = "names.csv"\nkey = "token"'))
    [unit] = CSV.discover(tmp_path, SourceOptions(mapping=mapping))
    assert unit.paths == (tmp_path / "a.csv", tmp_path / "names.csv")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('zone = "Asia/Kolkata"', ""), "missing required field `zone`"),
        (("Asia/Kolkata", "Asia/Kalkutta"), "expected an IANA zone or 'stated'"),
        (('columns = ["at"]', ""), "missing required field `columns`"),
        (("price =", "prise ="), "'prise' is no column of the store"),
        (("price =", "timestamp ="), "'timestamp' comes from"),
        (("{sym}", "sym"), "expected a template with columns in braces"),
        (("{sym}", "{sym"), "expected a template with columns in braces"),
        (("{top}", "delimeter = ';'"), "unknown field `delimeter`"),
        (("{top}", "delimiter = '||'"), "length <= 1"),
        (("{top}", "instrument = 'index'"), "one of 'option', 'future', 'spot'; found 'index'"),
        (("{top}", "levels = { zz = 'x{}' }"), "levels: expected one of 'bp', .*; found 'zz'"),
        (("zone =", "unit = 'm'\nzone ="), "unit: expected one of 's', .*'any'; found 'm'"),
        (("{top}", "extract = { sym = '(' }"), "expected a regular expression"),
        (("{top}", "extract = { sym = '(x)' }"), "expected named groups"),
        (("{top}", "files = ['/a/*.csv']"), "expected globs below the source"),
        (("{top}", "top"), "mapping .*m.toml"),
        (
            ("{more}", "[lookup]\nfiles='x.csv'\nkey='k'"),
            "expected the mapping's look-up table x.csv",
        ),
        (("zone =", "unit = 's'\nformat = '%Y'\nzone ="), "either a format or a unit"),
        (("zone =", "format = '%Y %z'\nzone ="), "expected %z in the format if, and only if"),
        (('"Asia/Kolkata"', "'stated'\nunit = 's'"), "a count carries no offset"),
    ],
)
def test_mapping_that_cannot_be_meant_is_a_usage_error(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    mapping = tmp_path / "m.toml"
    text = MAPPING.replace(*change).replace("{top}", "").replace("{more}", "")
    mapping.write_text(text)
    with pytest.raises(UsageError, match=reason):
        list(CSV.discover(tmp_path, SourceOptions(mapping=mapping)))


def test_missing_mapping_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(CSV.discover(tmp_path, SourceOptions(mapping=tmp_path / "none.toml")))
