"""Stamps of any zone and unit land on the exchange's wall clock; mixed ones are refused."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tickloom import ReadError
from tickloom_plugins.readers.mapping import Clock
from tickloom_plugins.readers.wall_clock import wall_clock

IST = "Asia/Kolkata"
WANTED = dt.datetime(2025, 11, 3, 9, 15, 1)
COUNT = 1_762_141_501
"""WANTED in IST, seconds since 1970-01-01 00:00 UTC."""


def clock(zone: str, **settings: str) -> Clock:
    return Clock(zone=zone, columns=("at",), **settings)  # type: ignore[arg-type]


def on_wall(texts: list[str | None], how: Clock) -> list[dt.datetime | None]:
    return wall_clock(pl.Series(texts, dtype=pl.String), how, IST).to_list()


def test_count_is_what_it_says() -> None:
    offset = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert dt.datetime.fromtimestamp(COUNT, offset).replace(tzinfo=None) == WANTED


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("2025-11-03 09:15:01", clock(IST)),
        ("2025-11-03T09:15:01", clock(IST)),
        ("2025-11-03 03:45:01", clock("UTC")),
        ("2025-11-02T22:45:01", clock("America/New_York")),
        ("2025-11-03T03:45:01Z", clock("stated")),
        ("2025-11-03 09:15:01+05:30", clock("stated")),
        ("2025-11-03T09:15:01.000+0530", clock("stated")),
        ("03/11/2025 09:15:01 AM", clock(IST, format="%d/%m/%Y %I:%M:%S %p")),
        ("20251103 034501 +0000", clock("stated", format="%Y%m%d %H%M%S %z")),
        (f"{COUNT}", clock("UTC", unit="s")),
        (f"{COUNT}.0", clock("UTC", unit="s")),
        (f"{COUNT + 19_800}", clock(IST, unit="s")),
        (f"{COUNT}000", clock("UTC", unit="ms")),
        (f"{COUNT}000000", clock("UTC", unit="us")),
        (f"{COUNT}000000999", clock("UTC", unit="ns")),
        *[(f"{COUNT}{'000' * n}", clock("UTC", unit="any")) for n in range(4)],
    ],
)
def test_any_zone_lands_on_the_wall_clock(text: str, how: Clock) -> None:
    assert on_wall([text, None], how) == [WANTED, None]


def test_fractions_are_kept_to_the_microsecond() -> None:
    exact = WANTED.replace(microsecond=250_125)
    assert on_wall(["2025-11-03 09:15:01.250125", "2025-11-03 09:15"], clock(IST)) == [
        exact,
        WANTED.replace(second=0),
    ]
    assert on_wall([f"{COUNT}.250125"], clock("UTC", unit="s")) == [exact]


def test_what_is_no_stamp_is_null() -> None:
    texts: list[str | None] = ["soon", "2025-02-30 09:15:01", "2025-11-03", None]
    assert on_wall(texts, clock(IST)) == [None] * 4
    assert on_wall(["soon"], clock("UTC", unit="s")) == [None]


@pytest.mark.parametrize(
    ("texts", "how", "reason"),
    [
        (["2025-11-03 09:15:01Z", "2025-11-03 09:15:01"], clock("stated"), "found 1 without one"),
        (["2025-11-03 09:15:01Z", "2025-11-03 09:15:01"], clock(IST), "found 1 with one"),
        (["2025-11-03 09:15:01+0530"], clock("UTC"), "without an offset"),
        ([f"{COUNT}", f"{COUNT}000"], clock("UTC", unit="any"), "found s and ms"),
        (["5"], clock("UTC", unit="any"), "found 5.0"),
    ],
)
def test_mixed_or_missing_zones_are_refused(texts: list[str], how: Clock, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        on_wall(list(texts), how)
