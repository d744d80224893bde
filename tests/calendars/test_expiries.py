"""The rules give the days on which contracts really expired."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from tests.oracles import expiries as oracle

from tickloom import ExpiryRow, read_expiry_rows
from tickloom.host import get_host
from tickloom_calendars import tables

TABLE = Path(tables.__file__).with_name("nse_expiries.csv")
REVIEWED = Path(__file__).with_name("expected_expiries.csv")
STRONG = ("last_tick_date_of_contract_file", "bhavcopy_on_expiry_day", "intraday_dataset_partition",
          "curated_list", "nse_circular")  # fmt: skip


@cache
def committed() -> tuple[ExpiryRow, ...]:
    return read_expiry_rows(TABLE)


def finals(underlying: str, kind: str, first: date, last: date) -> list[date]:
    return [
        row.final
        for row in committed()
        if (row.instrument, row.kind) == (underlying, kind) and first <= row.scheduled <= last
    ]


@pytest.mark.parametrize(
    "line",
    list(csv.DictReader(REVIEWED.read_text(encoding="utf-8").splitlines())),
    ids=lambda line: f"{line['underlying']}-{line['scheduled']}",
)
def test_a_reviewed_expiry_is_there(line: dict[str, str]) -> None:
    rows = [
        (row.scheduled.isoformat(), row.final.isoformat())
        for row in committed()
        if row.instrument == line["underlying"]
        and row.kind == line["kind"]
        and row.scheduled.isoformat() == line["scheduled"]
    ]
    assert rows == [(line["scheduled"], line["final"])], line["reviewed_because"]


@pytest.mark.parametrize("underlying", ["NIFTY", "BANKNIFTY"])
def test_monthlies_are_the_last_weekday_of_each_month(underlying: str) -> None:
    found = finals(underlying, "monthly", date(2019, 1, 1), date(2026, 12, 31))
    assert found == oracle.monthlies(underlying, 2019, 2026)


@pytest.mark.parametrize(
    ("underlying", "first", "last"),
    [
        ("NIFTY", date(2019, 2, 11), date(2026, 12, 31)),
        ("BANKNIFTY", date(2019, 1, 1), date(2024, 11, 13)),
    ],
)
def test_weeklies_fall_into_every_other_week(underlying: str, first: date, last: date) -> None:
    assert finals(underlying, "weekly", date(2019, 1, 1), date(2026, 12, 31)) == oracle.weeklies(
        underlying, first, last
    )


def test_a_month_has_one_monthly_and_a_day_one_expiry() -> None:
    months = Counter((r.instrument, r.month) for r in committed() if r.kind == "monthly")
    days = Counter((r.instrument, r.final) for r in committed())
    assert set(months.values()) == set(days.values()) == {1}


def test_five_years_beyond_the_published_holidays_are_provisional() -> None:
    published = max(row.final.year for row in committed() if not row.provisional)
    for name in ("NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "SENSEX", "BANKEX"):
        years = {r.scheduled.year for r in committed() if r.instrument == name and r.provisional}
        assert years == set(range(published + 1, published + 6))


def test_the_day_that_a_holiday_moves_to_is_open() -> None:
    nse = get_host().calendars.get("nse").load(None)
    for row in committed():
        assert nse.is_trading_day(row.final) is (None if row.provisional else True)


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ("2024-01-20", True),  # Saturday session
        ("2021-11-04", True),  # Muhurat on a holiday
        ("2025-02-01", True),  # budget on a Saturday
        ("2024-01-27", False),  # an ordinary Saturday
        ("2024-11-20", False),  # election
        ("2024-11-21", True),
        ("2028-03-01", None),  # not published yet
        ("2028-03-04", False),  # a Saturday
    ],
)
def test_special_sessions_are_trading_days(day: str, open_: bool | None) -> None:
    nse = get_host().calendars.get("nse").load(None)
    assert nse.is_trading_day(date.fromisoformat(day)) is open_


def test_everything_that_was_seen_to_expire_is_in_the_calendar(shared: Path) -> None:
    known = {(row.instrument, row.final): row.kind for row in committed()}
    missing = []
    with (shared / "facts" / "expiries_observed.csv").open() as lines:
        observed = [line for line in csv.DictReader(lines) if line["evidence"] in STRONG]
    for line in observed:
        key = (line["underlying"], date.fromisoformat(line["expiry_date"]))
        if known.get(key) != line["kind"]:
            missing.append(line)
    assert len(observed) > 800
    assert missing == []


def test_vendors_symbols_are_read_as_they_should_be(shared: Path) -> None:
    dialects = {
        "AngelOne": "angelone",
        "GDFL": "gdfl",
        "AliceBlue/": "aliceblue",
        "DDMMMYY": "gdfl",
    }
    wrong = []
    with (shared / "facts" / "symbols.csv").open() as lines:
        for line in csv.DictReader(lines):
            form = line["vendor_form"]
            dialect = next((to for start, to in dialects.items() if form.startswith(start)), "")
            exchange = "bse" if form.startswith("BSE") else "nse"
            calendar = get_host().calendars.get(exchange).load(None)
            (reading,) = calendar.read_names([line["symbol"]], dialect)
            contract = reading.contract
            if contract is None:
                wrong.append((line["symbol"], reading.error))
                continue
            expiry = calendar.expiry(contract)
            # One name, several days over its life: the store has the final one.
            redated = "RE-DATED" in line["note"] or "re-dated" in line["note"]
            found = (contract.underlying, contract.strike, contract.right)
            expected = (line["underlying"], float(line["strike"]), line["opt_type"])
            if found != expected or (
                expiry.date.isoformat() != line["expiry_date"] and not redated
            ):
                wrong.append((line["symbol"], f"{found} {expiry.date}"))
            if line["kind"] and expiry.kind != line["kind"]:
                wrong.append((line["symbol"], expiry.kind))
    assert wrong == []
