"""The documented expiry calendar as a CSV: twelve columns, one row an expiry.

Any exchange's calendar can be written and read in this format; ``--calendar FILE`` takes it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tickloom.contracts import Kind
from tickloom.errors import UsageError

EXPIRY_COLUMNS: Final = (
    "Instrument",
    "Expiry_Type",
    "Contract_Month",
    "Scheduled_Expiry",
    "Scheduled_Day",
    "Final_Expiry",
    "Final_Day",
    "Final_Day_Label",
    "Shifted",
    "Days_Moved_Back",
    "Holiday_on_Scheduled?",
    "Rule",
)
"""The documented columns, in their order."""

REQUIRED_COLUMNS: Final = ("Instrument", "Expiry_Type", "Contract_Month", "Final_Expiry")
"""What a file must have; the other columns follow from these, or are for people."""

_PROVISIONAL: Final = ", provisional"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class ExpiryRow:
    """One expiry of one underlying."""

    instrument: str
    """Upper-case symbol of the underlying."""

    kind: Kind
    """``weekly`` or ``monthly``."""

    month: str
    """``YYYY-MM``: the contract month; of a weekly, the month in which it expires."""

    scheduled: date
    """The day that the rule names before holidays move it."""

    final: date
    """The day on which it expires."""

    rule: str = ""
    """Which rule made it, e.g. ``NIFTY monthly (last Thu)``."""

    provisional: bool = False
    """True where the holidays of that year were not published yet."""


@dataclass(frozen=True, slots=True)
class ExpiryDifference:
    """Where a calendar file contradicts an exchange's rules."""

    row: ExpiryRow | None
    """The file's row; None where it lacks one."""

    expected: ExpiryRow | None
    """The expiry by the rules; None where there was none."""

    reason: str
    """The rule that says so, with its source."""


def format_expiry_rows(rows: Iterable[ExpiryRow]) -> str:
    """The rows as a CSV with a header, lines ended by a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EXPIRY_COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def read_expiry_rows(path: Path) -> tuple[ExpiryRow, ...]:
    """The rows of the CSV at ``path``, in its order; columns beyond the documented are ignored.

    Raises :class:`UsageError` naming file and line where it is not a calendar.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the calendar file {path}: {error}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    found = reader.fieldnames or ()
    missing = [name for name in REQUIRED_COLUMNS if name not in found]
    if missing:
        raise UsageError(
            f"{path} is not a calendar file: expected the columns {', '.join(EXPIRY_COLUMNS)}; "
            f"found {', '.join(found) or 'no header'}; missing {', '.join(missing)}"
        )
    return tuple(_parse(line, f"{path}, line {reader.line_num}") for line in reader)


def _cells(row: ExpiryRow) -> tuple[str, ...]:
    scheduled_day = _DAYS[row.scheduled.weekday()]
    final_day = _DAYS[row.final.weekday()]
    moved = (row.scheduled - row.final).days
    label = f"{scheduled_day} → {final_day} (holiday shift)" if moved else final_day
    return (
        row.instrument,
        row.kind.capitalize(),
        row.month,
        row.scheduled.isoformat(),
        scheduled_day,
        row.final.isoformat(),
        final_day,
        label,
        "Yes" if moved else "No",
        str(moved),
        str(bool(moved)),
        row.rule + (_PROVISIONAL if row.provisional else ""),
    )


def _parse(line: dict[str, str | None], where: str) -> ExpiryRow:
    cells = {name: (line.get(name) or "").strip() for name in EXPIRY_COLUMNS}
    kind = cells["Expiry_Type"].lower()
    if kind not in ("weekly", "monthly"):
        raise UsageError(f"{where}: Expiry_Type must be Weekly or Monthly, found {kind!r}")
    if not cells["Instrument"]:
        raise UsageError(f"{where}: Instrument is empty; expected the underlying's symbol")
    final = _date(cells["Final_Expiry"], "Final_Expiry", where)
    scheduled = cells["Scheduled_Expiry"]
    rule = cells["Rule"]
    return ExpiryRow(
        instrument=cells["Instrument"].upper(),
        kind="weekly" if kind == "weekly" else "monthly",
        month=_month(cells["Contract_Month"], where),
        scheduled=_date(scheduled, "Scheduled_Expiry", where) if scheduled else final,
        final=final,
        rule=rule.removesuffix(_PROVISIONAL),
        provisional=rule.endswith(_PROVISIONAL),
    )


def _date(text: str, column: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{where}: {column} must be a date YYYY-MM-DD, found {text!r}") from None


def _month(text: str, where: str) -> str:
    try:
        return date.fromisoformat(f"{text}-01").isoformat()[:7]
    except ValueError:
        raise UsageError(f"{where}: Contract_Month must be YYYY-MM, found {text!r}") from None
