"""Reader ``lean``: QuantConnect Lean's option minute folders.

One zip a day and kind (quotes, trades, open interest), one CSV a contract inside. Format:
https://github.com/QuantConnect/Lean/blob/master/Data/option/readme.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tickloom import RawBatch, ReadError, ReaderSpec, Rejected, SourceOptions, Unit

_ZIP: Final = re.compile(r"(?P<date>\d{8})_(?P<kind>quote|trade|openinterest)_(?P<style>\w+)\.zip")


def discover(source: Path, options: SourceOptions) -> Iterable[Unit]:
    """One unit a day and underlying: its zips of quotes, trades and open interest."""
    found = [source] if source.is_file() else sorted(source.rglob("*.zip"))
    days: dict[tuple[Path, str, str], list[tuple[str, Path]]] = {}
    for path in found:
        name = _ZIP.fullmatch(path.name)
        if name and path.is_file():
            key = (path.parent, name["date"], name["style"])
            days.setdefault(key, []).append((name["kind"], path))
    for (folder, date, style), zips in sorted(days.items()):
        yield Unit(
            paths=tuple(path for _, path in zips),
            name=f"{folder.name} {date} {style}",
            detail=(("date", date), *((kind, str(i)) for i, (kind, _) in enumerate(zips))),
        )


def read(unit: Unit, options: SourceOptions) -> Iterator[RawBatch | Rejected]:
    """One batch a contract: a row for each minute that has a quote or a trade.

    A row's timestamp is the end of its bar: that is when its values are known. Raises
    :class:`tickloom.ReadError` when a zip cannot be opened.
    """
    from tickloom_plugins.readers.lean_contracts import read_contracts

    detail = dict(unit.detail)
    date = detail.pop("date")
    zips = {kind: unit.paths[int(i)] for kind, i in detail.items()}
    try:
        yield from read_contracts(zips, date, options)
    except OSError as error:
        raise ReadError(f"expected zips that can be opened; found {error}.") from error


LEAN: Final = ReaderSpec(
    name="lean",
    summary="QuantConnect Lean option folders: minute quotes, trades and open interest in zips.",
    zone="America/New_York",
    calendar="us-options",
    discover=discover,
    read=read,
)
