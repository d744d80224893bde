"""Write the committed tables anew: ``python -m tickloom_calendars.refresh``.

For maintainers, when the exchange has published the holidays of another year and
exchange_calendars knows them.
"""

from __future__ import annotations

from pathlib import Path

import tickloom_calendars.tables
from tickloom import format_expiry_rows
from tickloom_calendars.expiry_build import build
from tickloom_calendars.library_holidays import library_holidays


def refresh(folder: Path, last_year: int | None = None) -> None:
    """Write ``nse_holidays.csv`` and ``nse_expiries.csv``, up to ``last_year``, into ``folder``."""
    holidays, _ = library_holidays()
    lines = ["date,source", *(f"{day},exchange_calendars XBOM" for day in holidays)]
    (folder / "nse_holidays.csv").write_text(
        "\n".join(lines) + "\n", encoding="utf-8", newline="\n"
    )
    text = format_expiry_rows(build(None, last_year))
    (folder / "nse_expiries.csv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    refresh(Path(tickloom_calendars.tables.__file__).parent)
