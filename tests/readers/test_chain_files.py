"""Small files of a whole chain: what each one costs beside its rows is kept small."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tickloom import RawRows, SourceOptions
from tickloom_plugins.readers.csv_file import CsvFile
from tickloom_plugins.readers.csv_mapped import discover, read
from tickloom_plugins.readers.mapping import load_mapping
from tickloom_plugins.readers.text_rows import render

MAPPING = """
symbol = "{symbol}"
clock = {{ columns = ["at"], zone = "Asia/Kolkata" }}
columns = {{ price = "px" }}
"""
LINES = [f"2025-11-03 09:15:00,NIFTY,{k},{r},1.5" for k in range(24000, 28000, 50) for r in "CP"]


def a_file(folder: Path, symbol: str, lines: list[str]) -> tuple[Path, SourceOptions]:
    (folder / "raw").mkdir()
    path = folder / "raw/chain.csv"
    path.write_text("\n".join(["at,name,strike,side,px", *lines]) + "\n")
    mapping = folder / "mapping.toml"
    mapping.write_text(MAPPING.format(symbol=symbol))
    return path, SourceOptions(mapping=mapping)


def test_a_small_file_is_one_batch(tmp_path: Path) -> None:
    """Also where its first bytes were looked at before the rest was read."""
    path, options = a_file(tmp_path, "{name}25NOV{strike}{side}E", LINES)
    assert options.mapping is not None
    frames = list(CsvFile(path, load_mapping(options.mapping), options).frames())
    assert [len(frame) for frame in frames if isinstance(frame, pl.DataFrame)] == [len(LINES)]
    [unit] = discover(path, options)
    [part] = read(unit, options)
    assert isinstance(part, RawRows)
    assert part.symbols.to_list() == [
        f"NIFTY25NOV{k}{r}E" for k in range(24000, 28000, 50) for r in "CP"
    ]


@pytest.mark.parametrize(
    "template", ["{name}25NOV{strike}{side}E", "{name}", "{side}{side}-{{x}}", "X{strike:g}"]
)
def test_symbols_are_what_the_template_says_row_by_row(tmp_path: Path, template: str) -> None:
    gaps = [",,,", ",NIFTY,,C", ",,25500,C", ",NIFTY,25500.0,P", ",NIFTY,x,P"]
    lines = [*LINES[:3], *(f"2025-11-03 09:15:00{gap},1.5" for gap in gaps)]
    path, options = a_file(tmp_path, template.replace("\\", ""), lines)
    [unit] = discover(path, options)
    found = [
        symbol
        for part in read(unit, options)
        for symbol in (
            part.symbols.to_list()
            if isinstance(part, RawRows)
            else [getattr(part, "symbol", None)] * len(getattr(part, "frame", ()))
        )
    ]
    expected = []
    for line in lines:
        _, name, strike, side, _ = line.split(",")
        row = {"name": name or None, "strike": strike or None, "side": side or None}
        expected.append(render(template, row))
    assert sorted(found, key=str) == sorted(expected, key=str)
