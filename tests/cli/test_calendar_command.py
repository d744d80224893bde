"""``tickloom calendar`` on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def tickloom(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("tickloom"), *args]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", env=dict(os.environ)
    )


def test_lookup_prints_one_object_a_symbol() -> None:
    done = tickloom("calendar", "lookup", "--json", "banknifty24dec49000pe", "itc26aug247.5ce")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {
            "symbol": "banknifty24dec49000pe",
            "underlying": "BANKNIFTY",
            "expiry": "2024-12-24",
            "scheduled_expiry": "2024-12-25",
            "kind": "monthly",
            "strike": 49000.0,
            "right": "PE",
        },
        {
            "symbol": "itc26aug247.5ce",
            "underlying": "ITC",
            "expiry": "2026-08-25",
            "scheduled_expiry": "2026-08-25",
            "kind": "monthly",
            "strike": 247.5,
            "right": "CE",
        },
    ]


def test_lookup_reports_what_it_cannot_read() -> None:
    symbols = ["NIFTY21MAR2421500PE", "readme", "nifty31dec20000ce", "nifty45dec20000ce"]
    done = tickloom("calendar", "lookup", "--json", *symbols)
    assert done.returncode == 1
    ambiguous, unread, provisional, missing = json.loads(done.stdout)
    assert "ambiguous" in ambiguous["error"]
    assert [(one["expiry"], one["strike"]) for one in ambiguous["readings"]] == [
        ("2021-03-25", 2421500.0),
        ("2024-03-21", 21500.0),
    ]
    assert set(unread) == {"symbol", "error"}
    assert provisional["provisional"] is True
    assert "--calendar FILE" in missing["error"]
    done = tickloom("calendar", "lookup", *symbols)
    assert done.returncode == 1
    assert "provisional" in done.stdout
    assert "readme" in done.stderr


def test_a_dialect_resolves_and_stdin_is_read() -> None:
    done = tickloom(
        "calendar", "lookup", "-", "--dialect", "angelone", "--json", stdin="NIFTY21MAR2421500PE\n"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["expiry"] == "2024-03-21"


def test_another_exchanges_calendar_can_be_asked() -> None:
    done = tickloom("calendar", "lookup", "--exchange", "bse", "M&M24JUL2500CE", "--json")
    assert json.loads(done.stdout)[0]["expiry"] == "2024-07-11"
    done = tickloom("calendar", "lookup", "--exchange", "nsee", "M&M24JUL2500CE")
    assert done.returncode == 2
    assert "did you mean 'nse'" in done.stderr


def test_build_writes_a_file_that_check_accepts(tmp_path: Path) -> None:
    out = tmp_path / "calendar.csv"
    done = tickloom("calendar", "build", "--from", "2023", "--to", "2024", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_text(encoding="utf-8").startswith("Instrument,Expiry_Type,Contract_Month,")
    done = tickloom("calendar", "check", str(out), "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "problems": []})


def test_check_lists_differences(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\nNIFTY,Monthly,2025-08,2025-08-26\n"
    )
    done = tickloom("calendar", "check", str(file), "--json")
    assert done.returncode == 1
    (problem,) = json.loads(done.stdout)["problems"]
    assert (problem["found"], problem["expected"]) == ("2025-08-26", "2025-08-28")
    done = tickloom("calendar", "check", str(file))
    assert done.returncode == 1
    assert "NIFTY monthly 2025-08: 2025-08-26, expected 2025-08-28: NIFTY monthly" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("build", "--from", "2030", "--to", "2020"), "found 2030 to 2020"),
        (("build", "--exchange", "us-options"), "cannot be built"),
        (("lookup", "--dialect", "zerodha", "x"), "expected one of nse"),
        (("check", "no-such-file"), "does not exist"),
    ],
)
def test_wrong_usage_is_one_line(args: tuple[str, ...], said: str) -> None:
    done = tickloom("calendar", *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_sessions_prints_one_object_a_day() -> None:
    done = tickloom("calendar", "sessions", "--json", "--from", "2024-03-01", "--to", "2024-03-03")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["zone"], printed["unknown"]) == ("Asia/Kolkata", [])
    friday, saturday = printed["sessions"]
    assert (friday["date"], friday["name"]) == ("2024-03-01", "regular hours")
    assert (saturday["open"], saturday["close"]) == ("09:15:00", "12:30:00")
    assert saturday["breaks"] == [["10:00:00", "11:30:00"]]
    assert saturday["settlement_window"] == ["12:00:01", "12:30:00"]
    assert saturday["evidence"] == "press"


def test_sessions_prints_a_line_for_all_days_of_the_same_hours() -> None:
    span = ("--from", "2024-11-25", "--to", "2024-12-02")
    done = tickloom("calendar", "sessions", "--exchange", "us-options", *span)
    assert (done.returncode, done.stderr) == (0, "")
    header, regular, early, settlement = done.stdout.splitlines()
    assert header.split()[:6] == ["FIRST", "LAST", "DAYS", "OPEN", "CLOSE", "BREAKS"]
    assert regular.split()[:5] == ["2024-11-25", "2024-12-02", "4", "09:30:00", "16:00:00"]
    assert early.split()[:5] == ["2024-11-29", "2024-11-29", "1", "09:30:00", "13:00:00"]
    assert settlement.startswith("settlement 2024-11-25 to 2024-12-02: by delivery")


def test_sessions_tells_days_whose_hours_are_not_known() -> None:
    done = tickloom("calendar", "sessions", "--from", "2026-11-07", "--to", "2026-11-08")
    assert done.returncode == 0
    assert "hours of NSE on 2026-11-08 (Muhurat trading) are not known" in done.stderr
    done = tickloom("calendar", "sessions", "--json", "--from", "2031-01-01", "--to", "2031-01-02")
    assert [one["date"] for one in json.loads(done.stdout)["unknown"]] == [
        "2031-01-01",
        "2031-01-02",
    ]


def test_sessions_refuses_a_span_that_ends_before_it_begins() -> None:
    done = tickloom("calendar", "sessions", "--from", "2024-03-03", "--to", "2024-03-01")
    assert done.returncode == 2
    assert "expected --from not after --to, found 2024-03-03 to 2024-03-01" in done.stderr
