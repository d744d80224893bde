"""Write the committed tables anew: ``python -m tickloom_calendars.refresh``.

For maintainers, when the exchange has published the holidays of another year and
exchange_calendars knows them.
"""

from __future__ import annotations

from pathlib import Path

import tickloom_calendars.tables
from tickloom import format_expiry_rows
from tickloom_calendars.expiry_build import build
from tickloom_calendars.library_holidays import library_holidays, library_us_days


def refresh(folder: Path, last_year: int | None = None) -> None:
    """Write ``nse_holidays.csv``, ``us_days.csv`` and, up to ``last_year``, ``nse_expiries.csv``
    into ``folder``."""
    holidays, _ = library_holidays()
    lines = ["date,source", *(f"{day},exchange_calendars XBOM" for day in holidays)]
    _write(folder / "nse_holidays.csv", "\n".join(lines) + "\n")
    closed, early = library_us_days()
    days = dict.fromkeys(closed, "") | {day: f"{close:%H:%M}" for day, close in early.items()}
    lines = ["date,close,source"]
    lines += [f"{day},{days[day]},exchange_calendars XNYS" for day in sorted(days)]
    _write(folder / "us_days.csv", "\n".join(lines) + "\n")
    _write(folder / "nse_expiries.csv", format_expiry_rows(build(None, last_year)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    refresh(Path(tickloom_calendars.tables.__file__).parent)
