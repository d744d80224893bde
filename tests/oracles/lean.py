"""Lean's option zips read by csv and zipfile alone: one dict a minute and contract."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

Key = tuple[str, str, str, int]
"""Underlying, expiry as yymmdd, C or P, strike x 10,000."""


def _lines(path: Path) -> dict[Key, list[list[str]]]:
    lines: dict[Key, list[list[str]]] = {}
    if not path.exists():
        return lines
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts = name.removesuffix(".csv").split("_")
            key = (parts[1].upper(), parts[7][2:], parts[5][0].upper(), int(parts[6]))
            lines[key] = list(csv.reader(io.StringIO(archive.read(name).decode())))
    return lines


def _number(text: str) -> int | None:
    return int(text) if text else None


def _price(text: str) -> float | None:
    return int(text) / 10000 if text else None


def read_day(folder: Path, date: str) -> dict[Key, list[dict[str, Any]]]:
    """Rows of every contract of the day ``YYYYMMDD`` below ``folder``, in time order."""
    quotes = _lines(folder / f"{date}_quote_american.zip")
    trades = _lines(folder / f"{date}_trade_american.zip")
    interest = _lines(folder / f"{date}_openinterest_american.zip")
    midnight = dt.datetime.strptime(date, "%Y%m%d")
    day: dict[Key, list[dict[str, Any]]] = {}
    for key in quotes.keys() | trades.keys():
        quoted = {int(line[0]): line for line in quotes.get(key, [])}
        traded = {int(line[0]): line for line in trades.get(key, [])}
        rows = []
        price, volume = None, 0
        for ms in sorted(quoted.keys() | traded.keys()):
            if ms in traded:
                price = _price(traded[ms][4])
                volume += int(traded[ms][5])
            quote = quoted.get(ms, [""] * 11)
            known = [int(line[1]) for line in interest.get(key, []) if int(line[0]) <= ms + 60_000]
            rows.append(
                {
                    "timestamp": midnight + dt.timedelta(milliseconds=ms + 60_000),
                    "price": price,
                    "volume": volume,
                    "bp0": _price(quote[4]),
                    "bq0": _number(quote[5]),
                    "sp0": _price(quote[9]),
                    "sq0": _number(quote[10]),
                    "oi": known[-1] if known else None,
                }
            )
        day[key] = rows
    return day
