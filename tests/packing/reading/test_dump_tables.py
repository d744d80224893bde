"""A dump's tables of other instruments are counted by a pack, not quarantined."""

from __future__ import annotations

from pathlib import Path

import tickloom

DUMP = """
CREATE TABLE `users` (`name` varchar(9));
INSERT INTO `users` VALUES ('a'),('b');
CREATE TABLE `banknifty25augfut` (`timestamp` datetime, `price` double);
INSERT INTO `banknifty25augfut` VALUES ('2025-08-01 09:15:00',54000);
CREATE TABLE `banknifty25aug54000ce` (`timestamp` datetime, `price` double);
INSERT INTO `banknifty25aug54000ce` VALUES ('2025-08-01 09:15:00',1.5);
"""


def test_other_tables_are_counted(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(DUMP)
    report = tickloom.pack(tmp_path / "dump.sql", tmp_path / "store", executor="threads")
    assert (report.rows_read, report.rows_written, report.parts_ignored) == (1, 1, 2)
    assert report.exit_code == 0


def test_dump_of_nothing_else_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(DUMP.split("CREATE TABLE `banknifty25aug54000ce`")[0])
    report = tickloom.pack(tmp_path / "dump.sql", tmp_path / "store", executor="threads")
    assert (report.rows_read, report.parts_ignored, report.exit_code) == (0, 2, 0)
