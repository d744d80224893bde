"""A calendar file's rows win, and what they contradict is listed with the rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tickloom import Calendar, ExpiryDifference, UsageError, read_expiry_rows
from tickloom.host import get_host
from tickloom_calendars import tables

NSE_EXPIRIES = Path(tables.__file__).with_name("nse_expiries.csv")

HEADER = (
    "Instrument,Expiry_Type,Contract_Month,Scheduled_Expiry,Scheduled_Day,Final_Expiry,Final_Day,"
    "Final_Day_Label,Shifted,Days_Moved_Back,Holiday_on_Scheduled?,Rule"
)


def write(path: Path, *rows: str) -> Path:
    file = path / "calendar.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return file


def row(instrument: str, kind: str, month: str, scheduled: str, final: str = "") -> str:
    final = final or scheduled
    return f"{instrument},{kind},{month},{scheduled},,{final},,,,,,"


def load(file: Path) -> Calendar:
    return get_host().calendars.get("nse").load(file)


def expiry(calendar: Calendar, symbol: str) -> tuple[str, str]:
    (reading,) = calendar.read_names([symbol])
    assert reading.contract is not None, reading.error
    found = calendar.expiry(reading.contract)
    return found.date.isoformat(), found.kind


def differences(file: Path) -> list[ExpiryDifference]:
    judge = get_host().calendars.get("nse").differences
    assert judge is not None
    return list(judge(read_expiry_rows(file)))


def test_the_files_rows_win_and_the_rules_fill_the_rest(tmp_path: Path) -> None:
    calendar = load(write(tmp_path, row("BANKNIFTY", "Monthly", "2025-04", "2025-04-30")))
    assert expiry(calendar, "banknifty25apr51100ce") == ("2025-04-30", "monthly")
    assert expiry(calendar, "banknifty25may51100ce") == ("2025-05-29", "monthly")
    # the rules' own date of that contract still finds it
    assert expiry(calendar, "BANKNIFTY24APR25C51100") == ("2025-04-30", "monthly")


def test_a_moved_weekly_takes_the_place_of_its_week(tmp_path: Path) -> None:
    calendar = load(write(tmp_path, row("NIFTY", "Weekly", "2024-06", "2024-06-12")))
    for name in ("nifty2461223000ce", "nifty2461323000ce"):
        assert expiry(calendar, name) == ("2024-06-12", "weekly")


def test_a_weekly_row_on_a_monthlys_date_is_that_monthly(tmp_path: Path) -> None:
    calendar = load(write(tmp_path, row("NIFTY", "Weekly", "2024-06", "2024-06-27")))
    assert expiry(calendar, "nifty2462723000ce") == ("2024-06-27", "monthly")


def test_a_missing_month_can_be_added_with_four_columns(tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\n"
        "NIFTY,Monthly,2040-12,2040-12-24\nreliance,monthly,2040-12,2040-12-20\n"
    )
    calendar = load(file)
    assert expiry(calendar, "nifty40dec30000ce") == ("2040-12-24", "monthly")
    assert expiry(calendar, "RELIANCE40DEC500CE") == ("2040-12-20", "monthly")
    assert expiry(calendar, "RELIANCE24DEC1300CE") == ("2024-12-26", "monthly")


def test_a_file_changes_the_version(tmp_path: Path) -> None:
    one = load(write(tmp_path, row("NIFTY", "Weekly", "2024-06", "2024-06-12"))).version
    two = load(write(tmp_path, row("NIFTY", "Weekly", "2024-06", "2024-06-11"))).version
    none = get_host().calendars.get("nse").load(None).version
    assert len({one, two, none}) == 3
    assert get_host().calendars.get("nse").load(None).version == none


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found no header"),
        ("a,b\n", "missing Instrument, Expiry_Type, Contract_Month, Final_Expiry"),
        (HEADER + "\nNIFTY,Daily,2024-01,,,2024-01-04,,,,,,\n", "line 2: Expiry_Type must be"),
        (HEADER + "\nNIFTY,Weekly,2024-13,,,2024-01-04,,,,,,\n", "line 2: Contract_Month must be"),
        (HEADER + "\nNIFTY,Weekly,2024-01,,,4/1/24,,,,,,\n", "Final_Expiry must be a date"),
        (HEADER + "\n,Weekly,2024-01,,,2024-01-04,,,,,,\n", "Instrument is empty"),
    ],
)
def test_what_is_no_calendar_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_expiry_rows(file)
    assert str(file) in str(caught.value)


def test_differences_name_the_rule(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        row("BANKNIFTY", "Monthly", "2025-03", "2025-03-27"),
        row("BANKNIFTY", "Monthly", "2025-04", "2025-04-30"),
        row("BANKNIFTY", "Monthly", "2025-06", "2025-06-26"),
        row("BANKNIFTY", "Weekly", "2025-06", "2025-06-11"),
        row("FINNIFTY", "Weekly", "2021-01", "2021-01-07"),
        row("NIFTY", "Weekly", "2023-06", "2023-06-29"),
        row("RELIANCE", "Monthly", "2024-06", "2024-06-28"),
    )
    found = [
        (
            one.row.final.isoformat() if one.row else None,
            one.expected.final.isoformat() if one.expected else None,
            one.reason,
        )
        for one in differences(file)
    ]
    assert [(have, want) for have, want, _ in found] == [
        ("2025-04-30", "2025-04-24"),
        (None, "2025-05-29"),
        ("2025-06-11", None),
        ("2021-01-07", None),
        ("2023-06-29", None),
        ("2024-06-28", "2024-06-27"),
    ]
    reasons = [reason for _, _, reason in found]
    assert "last Thu" in reasons[0]
    assert "FAOP65336" in reasons[0]
    assert reasons[1].startswith("missing; ")
    assert "2024-11-13" in reasons[2]
    assert "from 2021-01-11" in reasons[3]
    assert "no weekly contract exists in the week of a monthly" in reasons[4]
    assert "stock monthly (last Thu)" in reasons[5]


def test_a_holiday_is_part_of_the_reason(tmp_path: Path) -> None:
    (one,) = differences(write(tmp_path, row("NIFTY", "Weekly", "2021-11", "2021-11-04")))
    assert one.expected is not None
    assert one.expected.final == date(2021, 11, 3)
    assert "2021-11-04 is a special session" in one.reason


def test_a_contract_given_twice_is_a_difference(tmp_path: Path) -> None:
    line = row("NIFTY", "Monthly", "2024-06", "2024-06-27")
    (one,) = differences(write(tmp_path, line, line))
    assert "second row" in one.reason


def test_the_documented_calendar_has_its_known_errors(shared: Path) -> None:
    found = differences(shared / "facts" / "expiry_calendar_documented_835.csv")
    wrong = [one.row for one in found if one.expected and one.row]
    monthlies = [(row.instrument, row.month) for row in wrong]
    assert [month for name, month in monthlies if name == "BANKNIFTY"] == [
        "2023-06",
        *(f"2025-0{month}" for month in range(1, 9)),
    ]
    assert [month for name, month in monthlies if name == "NIFTY"] == ["2023-06"]
    extra = [one.row for one in found if one.row and not one.expected]
    assert {row.kind for row in extra} == {"weekly"}
    assert len(extra) == 153  # 145 on a monthly's date, 8 on the Wednesday before one
    assert len(found) == 163


def test_right_rows_of_the_documented_calendar_are_written_alike(shared: Path) -> None:
    file = shared / "facts" / "expiry_calendar_documented_835.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    ours = set(NSE_EXPIRIES.read_text(encoding="utf-8").splitlines())
    wrong = {one.row for one in differences(file) if one.row}
    right = [
        line
        for line, row in zip(lines[1:], read_expiry_rows(file), strict=True)
        if row not in wrong
    ]
    assert len(right) == 672
    assert {lines[0], *right} <= ours
