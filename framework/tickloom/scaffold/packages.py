"""From a name and a kind to the files of a plugin package."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Final, Literal, get_args

from tickloom.errors import UsageError
from tickloom.host.plugin import normalised

Kind = Literal["reader", "transform", "writer", "kernel", "executor"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

PACKAGE: Final = "PACKAGE"
"""Stands for the package's name in the path of a template."""

SUFFIX: Final = ".tmpl"
"""Ends the name of every template, so that no tool takes it for code."""

_NAME: Final = re.compile(r"[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def create_package(name: str, kind: Kind, parent: Path) -> list[Path]:
    """Write the package ``name`` below ``parent``; the files, relative to it, sorted.

    Raises :class:`UsageError` for a name that cannot be a distribution and a package, and where
    the folder has content already.
    """
    distribution = normalised(name)
    package = _package_name(name)
    target = parent / distribution
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} exists already; expected a new or empty folder")
    values = {"distribution": distribution, "package": package, "kind": kind}
    written = []
    for path, template in _templates(kind):
        file = Path(*(package if part == PACKAGE else part for part in path.parts))
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(text, encoding="utf-8", newline="\n")
        written.append(distribution / file)
    return sorted(written)


def _package_name(name: str) -> str:
    """The importable name that belongs to a distribution's name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a package's name; expected letters, digits, '-', '_' and '.', "
            "beginning with a letter, such as 'acme-momentum'"
        )
    package = normalised(name).replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package == "tickloom":
        raise UsageError(
            f"a package {package!r} would hide the module of that name; "
            f"expected a name of your own, such as 'acme-{normalised(name)}'"
        )
    return package


def _templates(kind: Kind) -> Iterator[tuple[PurePosixPath, Traversable]]:
    """Path in the package, without the suffix, and template: what all kinds share, then its own."""
    root = files("tickloom.scaffold") / "templates"
    for folder in ("package", kind):
        yield from _walk(root / folder, PurePosixPath())


def _walk(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        elif entry.name.endswith(SUFFIX):
            yield path / entry.name.removesuffix(SUFFIX), entry
