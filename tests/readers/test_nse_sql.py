"""Reader ``nse-sql``: every construct of a dump, cut anywhere, gives the rows it says."""

from __future__ import annotations

import datetime as dt
import gzip
import random
from pathlib import Path
from typing import Any

import pytest
from tests.readers.reading import Reading, read_all
from tests.readers.sql_dumps import create, values

from tickloom import SourceOptions
from tickloom_plugins.readers import sql_dump
from tickloom_plugins.readers.nse_sql import NSE_SQL
from tickloom_plugins.readers.sql_rows import cut_exactly, cut_rows

TABLE = "banknifty25nov49000pe"
COLUMNS = {"timestamp": "datetime DEFAULT NULL", "price": "double", "volume": "bigint(20)"}
MORNING = dt.datetime(2025, 11, 3, 9, 15)
ROWS = [(MORNING + dt.timedelta(seconds=i), 100.0 + i, 75 * i) for i in range(5)]
WANTED = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


def read(tmp_path: Path, text: str | bytes, name: str = "dump.sql", **options: Any) -> Reading:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_all(NSE_SQL, path, **options)


KEYS = ",\n  PRIMARY KEY (`timestamp`,`price`),\n  KEY `p` (`price`)"


def dump(statements: str, *, columns: dict[str, str] = COLUMNS, table: str = TABLE) -> str:
    """Statements between all that mysqldump writes around them."""
    return f"""-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: it's; a "test"
/*M!999999\\- enable the sandbox mode */
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
DROP TABLE IF EXISTS `{table}`;
{create(table, columns, more=KEYS)}
LOCK TABLES `{table}` WRITE;
/*!40000 ALTER TABLE `{table}` DISABLE KEYS */;
{statements}
/*!40000 ALTER TABLE `{table}` ENABLE KEYS */;
UNLOCK TABLES;
# done; don't mind the quote
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
-- Dump completed on 2025-11-03 16:00:00"""


STATEMENTS = {
    "insert": f"INSERT INTO `{TABLE}` VALUES {values(ROWS)};",
    "replace": f"REPLACE INTO `{TABLE}` VALUES {values(ROWS)};",
    "ignore": f"INSERT IGNORE INTO `{TABLE}` VALUES {values(ROWS)};",
    "lower case": f"insert into {TABLE} values {values(ROWS)};",
    "database": f"INSERT INTO `ticks`.`{TABLE}` VALUES {values(ROWS)};",
    "columns": f"INSERT INTO `{TABLE}` (`timestamp`, `price`, `volume`) VALUES {values(ROWS)};",
    "one row each": "".join(f"REPLACE INTO `{TABLE}` VALUES {values([row])};\n" for row in ROWS),
    "lines": f"INSERT INTO `{TABLE}` VALUES\n" + values(ROWS, between=",\n  ") + "\n;",
    "comments": f"INSERT INTO `{TABLE}` VALUES /* don't */ "
    + values(ROWS, between=", -- it's (1,2);\n # and; (3)\n")
    + ";",
    "on duplicate": f"INSERT INTO `{TABLE}` VALUES {values(ROWS)} "
    "ON DUPLICATE KEY UPDATE price=VALUES(price), volume=VALUES(volume);",
    "double quotes": f"INSERT INTO `{TABLE}` VALUES {values(ROWS)};".replace("'", '"'),
    "no semicolon": f"INSERT INTO `{TABLE}` VALUES {values(ROWS)}",
}


@pytest.mark.parametrize("way", STATEMENTS)
def test_every_way_to_write_rows(tmp_path: Path, way: str) -> None:
    text = dump(STATEMENTS[way])
    if way == "no semicolon":
        text = text[: text.index("/*!40000 ALTER TABLE `" + TABLE + "` ENABLE")]
    reading = read(tmp_path, text)
    assert reading.rejected == []
    assert reading.ignored == []
    assert reading.rows == {TABLE: WANTED}


def test_columns_may_come_in_any_order_and_case(tmp_path: Path) -> None:
    rows = [(row[2], row[0], row[1]) for row in ROWS]
    text = f"INSERT INTO `{TABLE}` (VOLUME,`Timestamp`,price) VALUES {values(rows)};"
    assert read(tmp_path, text).rows == {TABLE: WANTED}


def test_strings_come_back_as_they_were(tmp_path: Path) -> None:
    notes = ["a,b", "a),(b", "it's", 'say "x"', "semi;colon", "-- no", "/* no */", "#no", "back\\"]
    notes += ["line\nfeed", "tab\tnul\0sub\x1aret\rbs\b", "", "NULL", "'", "''", "\\'", "é", "50%_"]
    columns = {"timestamp": "datetime", "price": "double", "note": "varchar(40)"}
    rows = [(MORNING, 1.0, note) for note in notes] + [(MORNING, None, None)]
    for double in (False, True):
        text = (
            create(TABLE, columns) + f"INSERT INTO `{TABLE}` VALUES {values(rows, double=double)};"
        )
        reading = read(tmp_path, text)
        assert reading.rejected == []
        got = [(row["price"], row["note"]) for row in reading.rows[TABLE]]
        assert got == [(1.0, note) for note in notes] + [(None, None)]


@pytest.mark.parametrize("cut", [cut_exactly, lambda data: cut_rows(data, b"INSERT")])
def test_escapes_mean_what_mysql_says(cut: Any) -> None:
    """Wildcards keep their backslash, other letters lose it; quotes come out doubled."""
    assert cut(rb"('\%\_\x\\n\'''')").csv == rb"'\%\_x\n'''''" + b"\n"


def test_tables_of_other_instruments_are_counted_and_left_out(tmp_path: Path) -> None:
    text = create("users", {"name": "varchar(9)"}) + "INSERT INTO users VALUES ('a;(b'),('c');\n"
    text += dump(STATEMENTS["insert"]).replace(TABLE, "banknifty25novfut")
    text += dump(STATEMENTS["insert"])
    reading = read(tmp_path, text)
    assert reading.rows == {TABLE: WANTED}
    assert reading.ignored == ["table users", "table banknifty25novfut"]


def test_names_of_options_of_every_style(tmp_path: Path) -> None:
    names = ["m&m25nov3500.5ce", "BAJAJ-AUTO25NOV9000PE", "nifty25o1425000ce", "M&M30MAY24C2340"]
    names += ["OPTIDXNIFTY28-12-2023PE33000.00", "NIFTY03JUL2523000CE.NFO"]
    text = "".join(dump(STATEMENTS["insert"].replace(TABLE, name), table=name) for name in names)
    assert read(tmp_path, text).rows == dict.fromkeys(names, WANTED)


def test_numbering_is_no_tick_and_extra_columns_are_typed(tmp_path: Path) -> None:
    columns = {"id": "bigint NOT NULL AUTO_INCREMENT", **COLUMNS}
    columns |= {"iv": "decimal(10,4) COMMENT 'a, b'", "lots": "int", "src": "enum('a','b')"}
    text = create(TABLE, columns) + f"INSERT INTO `{TABLE}` VALUES (1,'{MORNING}',1,2,0.5,3,'a');"
    [row] = read(tmp_path, text).rows[TABLE]
    assert row == {
        "timestamp": MORNING,
        "price": 1.0,
        "volume": 2,
        "iv": 0.5,
        "lots": 3,
        "src": "a",
    }


def test_triggers_are_not_data(tmp_path: Path) -> None:
    trigger = (
        "DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN\n"
        f"INSERT INTO `{TABLE}` VALUES (1,2,3); END ;;\nDELIMITER ;\n"
    )
    assert read(tmp_path, trigger + dump(STATEMENTS["insert"])).rows == {TABLE: WANTED}


def test_compressed_dump_is_streamed(tmp_path: Path) -> None:
    text = dump(STATEMENTS["insert"]).encode()
    assert read(tmp_path, gzip.compress(text), "dump.sql.gz").rows == {TABLE: WANTED}


CLOCKS = {
    "datetime": ("datetime", "'2025-11-03 09:15:00'"),
    "fraction": ("datetime(6)", "'2025-11-03 09:15:00.000000'"),
    "timestamp in UTC": ("timestamp", "'2025-11-03 03:45:00'"),
    "text": ("varchar(30)", "'2025-11-03 09:15:00'"),
    "text with offset": ("varchar(30)", "'2025-11-03T09:15:00+05:30'"),
    "text in UTC": ("varchar(30)", "'2025-11-03T03:45:00Z'"),
    "seconds": ("bigint", "1762141500"),
    "milliseconds": ("bigint", "1762141500000"),
    "microseconds": ("bigint", "1762141500000000"),
    "nanoseconds": ("bigint", "1762141500000000000"),
    "seconds as text": ("varchar(30)", "'1762141500'"),
    "fractional seconds": ("decimal(20,6)", "1762141500.000000"),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_stamps_of_any_zone_land_on_the_wall_clock(tmp_path: Path, clock: str) -> None:
    kind, stamp = CLOCKS[clock]
    columns = {"timestamp": kind, "price": "double", "ts": kind}
    text = dump(f"INSERT INTO `{TABLE}` VALUES ({stamp},1,{stamp});", columns=columns)
    [row] = read(tmp_path, text).rows[TABLE]
    assert row["timestamp"] == row["ts"] == MORNING


def test_timestamps_of_a_session_in_ist(tmp_path: Path) -> None:
    columns = {"timestamp": "timestamp", "price": "double"}
    text = dump(f"INSERT INTO `{TABLE}` VALUES ('{MORNING}',1);", columns=columns)
    [row] = read(tmp_path, text.replace("'+00:00'", "'+05:30'")).rows[TABLE]
    assert row["timestamp"] == MORNING


@pytest.mark.parametrize(
    ("kind", "rows", "reason"),
    [
        ("varchar(30)", ["'2025-11-03 09:15:00'", "'2025-11-03T03:45:00Z'"], "stamps of one zone"),
        ("varchar(30)", ["'2025-11-03 09:15:00'", "'1762141500'"], "stamps of one zone"),
        ("bigint", ["1762141500", "1762141500000"], "found s and ms"),
        ("timestamp", ["'2025-11-03 09:15:00'"], "expected SET TIME_ZONE to"),
        ("datetime", ["'2025-11-03 09:15:00Z'"], "without an offset"),
    ],
)
def test_mixed_or_missing_zones_are_refused(
    tmp_path: Path, kind: str, rows: list[str], reason: str
) -> None:
    columns = {"timestamp": kind, "price": "double"}
    text = create(TABLE, columns) + create("other", COLUMNS)
    text = (
        create(TABLE, columns)
        + f"INSERT INTO {TABLE} VALUES "
        + ",".join(f"({stamp},1)" for stamp in rows)
    )
    good = dump(STATEMENTS["insert"]).replace(TABLE, "nifty25nov25000ce")
    reading = read(tmp_path, text + ";\n" + good)
    [bad] = reading.rejected
    assert reason in bad.reason
    assert f"table {TABLE}" in bad.reason
    assert bad.rows == len(rows)
    assert reading.rows == {"nifty25nov25000ce": WANTED}


@pytest.mark.parametrize(
    ("statement", "reason", "rows"),
    [
        (
            "INSERT INTO {} VALUES ('2025-11-03 09:15:00','x',1);",
            "a number for price; found 'x'",
            1,
        ),
        (
            "INSERT INTO {} VALUES ('2025-11-03 09:15:00',1);",
            "expected 3 fields a line; found 2",
            1,
        ),
        ("INSERT INTO {} VALUES ('0000-00-00 00:00:00',1,1);", "expected a stamp", 1),
        ("INSERT INTO {} SELECT * FROM other;", "expected VALUES (…), (…)", 0),
        ("INSERT INTO {} VALUES ('2025-11-03 09:15:00',1,", "found the end in", 0),
        ("INSERT INTO {} VALUES ('2025-11-03 09:", "found the end in", 0),
    ],
)
def test_bad_rows_and_statements_are_rejected(
    tmp_path: Path, statement: str, reason: str, rows: int
) -> None:
    text = create(TABLE, COLUMNS) + STATEMENTS["insert"] + "\n" + statement.format(TABLE)
    reading = read(tmp_path, text)
    assert reading.rows == {TABLE: WANTED}
    [bad] = reading.rejected
    assert reason in bad.reason
    assert bad.rows == rows


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (STATEMENTS["insert"], "expected CREATE TABLE or a list of columns; found neither"),
        (
            create(TABLE, {"price": "double"}) + f"INSERT INTO {TABLE} VALUES (1);",
            "a column timestamp",
        ),
    ],
)
def test_table_without_what_it_needs_is_rejected(tmp_path: Path, text: str, reason: str) -> None:
    reading = read(tmp_path, text)
    assert reading.rows == {}
    [bad] = reading.rejected
    assert reason in bad.reason
    assert bad.rows > 0


def test_expression_as_a_value_costs_its_statement(tmp_path: Path) -> None:
    text = create(TABLE, COLUMNS) + f"INSERT INTO {TABLE} VALUES (NOW(),1,';');"
    reading = read(tmp_path, text + STATEMENTS["insert"])
    assert reading.rows == {TABLE: WANTED}
    [bad] = reading.rejected
    assert "expected numbers, strings and NULL as values; found an expression" in bad.reason


def test_truncated_compression_costs_only_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_dump, "CHUNK", 1_000)
    monkeypatch.setattr(sql_dump, "LOOK_AHEAD", 1_000)
    text = dump(STATEMENTS["insert"]) + "\n-- " + random.Random(1).randbytes(100_000).hex()
    data = gzip.compress(text.encode())
    reading = read(tmp_path, data[:-10], "dump.sql.gz")
    assert reading.rows == {TABLE: WANTED}
    assert "found damage: Truncated" in reading.rejected[-1].reason


def test_batches_are_bounded(tmp_path: Path) -> None:
    rows = [(MORNING, float(i), i) for i in range(5_000)]
    text = create(TABLE, COLUMNS) + f"INSERT INTO `{TABLE}` VALUES {values(rows)};"
    reading = read(tmp_path, text, batch_bytes=16 * 20_000, batch_rows=400)
    assert [row["price"] for row in reading.rows[TABLE]] == [float(i) for i in range(5_000)]
    assert max(len(batch.frame) for batch in reading.batches) <= 400


def test_only_dumps_are_claimed(tmp_path: Path) -> None:
    for name in ("a.sql", "b.SQL", "c.sql.gz", "d.sql.zst", "e.txt", "f.gz", "sql"):
        (tmp_path / name).write_bytes(b"")
    found = [unit.name for unit in NSE_SQL.discover(tmp_path, SourceOptions())]
    assert found == ["a.sql", "b.SQL", "c.sql.gz", "d.sql.zst"]


PIECES = [
    "'",
    "''",
    '"',
    "\\",
    "\n",
    "(",
    ")",
    ",",
    ";",
    "--",
    " ",
    "#",
    "/*",
    "*/",
    "NULL",
    "a",
    "é",
]
HEADS = [f"INSERT INTO `{TABLE}` VALUES ", f"REPLACE INTO `{TABLE}` VALUES "]


def random_dump(generator: random.Random) -> tuple[str, list[tuple[Any, ...]]]:
    """A dump of random rows, and the rows: every few in a statement of its own."""
    rows: list[tuple[Any, ...]] = []
    text = create(TABLE, {**COLUMNS, "note": "text"})
    for _ in range(generator.randint(1, 12)):
        some = []
        for _ in range(generator.randint(1, 6)):
            note = "".join(generator.choices(PIECES, k=generator.randint(0, 8)))
            some.append(
                (MORNING, generator.choice([None, 1.5, -2e-05]), len(rows) + len(some), note)
            )
        rows += some
        plain = generator.random() < 0.7
        between = "," if plain else generator.choice([", ", ",\n", ",/* it's */"])
        text += generator.choice(HEADS) + values(some, double=not plain, between=between)
        text += generator.choice([";\n", ";", " ;\n", ";\n-- don't; (1)\n"])
    return text, rows


@pytest.mark.parametrize("seed", range(40))
def test_random_dumps_cut_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    generator = random.Random(seed)
    monkeypatch.setattr(sql_dump, "CHUNK", generator.randint(40, 400))
    monkeypatch.setattr(sql_dump, "FIRST_WINDOW", generator.randint(8, 200))
    monkeypatch.setattr(sql_dump, "LOOK_AHEAD", 300)
    text, rows = random_dump(generator)
    reading = read(tmp_path, text)
    assert reading.rejected == []
    got = [tuple(row.values()) for row in reading.rows[TABLE]]
    assert got == rows


@pytest.mark.parametrize("seed", range(40))
def test_fast_and_exact_cuts_agree(seed: int) -> None:
    generator = random.Random(seed)
    _, rows = random_dump(generator)
    data = (values(rows) + generator.choice(["", ";", ";\nCREATE TABLE x (a int);"])).encode()
    data = data[: generator.randint(0, len(data))]
    fast, exact = cut_rows(data, b"INSERT INTO x VALUES "), cut_exactly(data)
    assert fast == exact
