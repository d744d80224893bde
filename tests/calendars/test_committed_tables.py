"""The committed tables are what the generator and the holiday library make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tickloom import UsageError, format_expiry_rows, read_expiry_rows
from tickloom.host import get_host
from tickloom_calendars import tables
from tickloom_calendars.refresh import refresh

FOLDER = Path(tables.__file__).parent


def test_the_generator_reproduces_the_committed_tables(tmp_path: Path) -> None:
    last = max(row.scheduled.year for row in read_expiry_rows(FOLDER / "nse_expiries.csv"))
    refresh(tmp_path, last)
    for name in ("nse_expiries.csv", "nse_holidays.csv"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_a_calendar_survives_writing_and_reading(tmp_path: Path) -> None:
    text = (FOLDER / "nse_expiries.csv").read_text(encoding="utf-8")
    assert format_expiry_rows(read_expiry_rows(FOLDER / "nse_expiries.csv")) == text


def test_years_limit_what_is_built() -> None:
    build = get_host().calendars.get("nse").build
    assert build is not None
    assert {row.final.year for row in build(2024, 2025)} == {2024, 2025}
    with pytest.raises(UsageError, match="found 2025 to 2024"):
        build(2025, 2024)
    with pytest.raises(UsageError, match="years from 2019 on"):
        build(2001, None)


def test_reading_names_imports_no_library_of_holidays() -> None:
    code = (
        "import sys; from tickloom.host import get_host;"
        "c = get_host().calendars.get('nse').load(None);"
        "print(c.expiry(c.read_names(['nifty24dec24000ce'])[0].contract).date);"
        "sys.exit(bool({'exchange_calendars', 'pandas', 'polars', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "2024-12-26\n"), done.stderr
