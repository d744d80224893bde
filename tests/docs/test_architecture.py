"""The architecture page names folders and files that are there, and all rooms of the framework."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

NAMED = re.compile(r"`([\w./-]+/(?:[\w.-]+\.(?:py|csv|toml|md))?)`")
ROOMS = ("engine", "packing", "store")


def test_every_path_on_the_page_exists(project: Path) -> None:
    page = (project / "docs" / "architecture.md").read_text("utf-8")
    named = [path for path in NAMED.findall(page) if not path.startswith("STORE/")]
    assert len(named) > 30
    roots = (project, project / "framework" / "tickloom")
    missing = [path for path in named if not any((root / path).exists() for root in roots)]
    assert not missing


def test_every_room_is_told(project: Path) -> None:
    page = (project / "docs" / "architecture.md").read_text("utf-8")
    framework = project / "framework" / "tickloom"
    rooms = [
        f"{floor}/{room.name}/"
        for floor in ROOMS
        for room in (framework / floor).iterdir()
        if (room / "__init__.py").exists()
    ]
    untold = [room for room in rooms if room not in page]
    assert not untold, "docs/architecture.md says where a tick and a run walk"


def test_the_floors_are_those_of_the_contract(project: Path) -> None:
    contracts = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = [c for c in contracts["contracts"] if c["name"] == "The floors of the framework"]
    page = (project / "docs" / "architecture.md").read_text("utf-8")
    table = page.split("## Floors")[1].split("## ")[0]
    told = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    wanted = [sorted(re.findall(r"\w+", layer)) for layer in floors["layers"]]
    assert [sorted(re.findall(r"\w+", cell)) for cell in told] == wanted
