"""Whose code it was that raised: an error that nobody expected names the plugin it came from."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tickloom.host.plugin import BUILT_IN, Plugin

_FRAME: Final = re.compile(r'File "([^"\n]+)", line (\d+)')
"""A line of a traceback that a worker process sent along as text."""


def blame(error: BaseException, plugins: Iterable[Plugin]) -> str | None:
    """One sentence that names the plugin whose code raised ``error``; None where it was nobody's
    but tickloom's own."""
    places = [(p, root) for p in plugins if p.distribution != BUILT_IN for root in _roots(p)]
    for one in _chain(error):
        for file, line in reversed(list(_frames(one))):
            for plugin, root in places:
                if Path(file).is_relative_to(root):
                    text = " ".join(str(one).split())
                    found = f"{type(one).__name__}: {text}" if text else type(one).__name__
                    return (
                        f"plugin {plugin} failed: {found} ({file}, line {line}). Upgrade "
                        f"{plugin.distribution}, tell its authors, or leave it out: --no-plugins"
                    )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    seen: set[int] = set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    if type(error.__cause__).__name__ == "_RemoteTraceback":
        yield from ((file, int(line)) for file, line in _FRAME.findall(str(error.__cause__)))
    for frame in traceback.extract_tb(error.__traceback__):
        yield frame.filename, frame.lineno or 0


def _roots(plugin: Plugin) -> Iterator[Path]:
    """The file of its module, or the folder of the package that it is in."""
    package = sys.modules.get(plugin.source.partition(".")[0])
    file = getattr(package, "__file__", None)
    if file:
        path = Path(file)
        yield path.parent if path.name == "__init__.py" else path
