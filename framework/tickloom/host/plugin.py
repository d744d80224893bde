"""What the host knows about one plugin."""

from __future__ import annotations

import re
import sysconfig
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pluggy

from tickloom.errors import PluginError

BUILT_IN: Final = "tickloom"
"""Distribution of the built-in plugins, which no switch turns off."""

State = Literal["loaded", "failed", "disabled"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that a plugin did wrong."""

    where: str
    """``metadata``, ``import``, ``registration``, or the name of a hook."""

    error: BaseException
    """What was raised, by the plugin or by the host's checks."""

    remedy: str
    """What to do about it."""

    @property
    def cause(self) -> str:
        """The error in one line, with the line of code that raised it."""
        text = " ".join(str(self.error).split())
        if isinstance(self.error, PluginError | pluggy.PluginValidationError):
            return text
        kind = type(self.error).__name__
        return f"{kind}: {text}{self._location()}" if text else f"{kind}{self._location()}"

    def _location(self) -> str:
        frames = traceback.extract_tb(self.error.__traceback__)
        own = [frame for frame in frames if not _is_machinery(frame.filename)]
        return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


@dataclass(slots=True)
class Plugin:
    """One entry point of the group ``tickloom``, and what became of it."""

    name: str
    """Name of the entry point."""

    distribution: str
    """Name of the distribution that ships it, normalised: lower case, with hyphens."""

    version: str
    """Version of that distribution."""

    target: str
    """``module`` or ``module:object`` that the entry point names."""

    disabled_by: str = ""
    """The switch that keeps it from loading, if one does."""

    failures: list[Failure] = field(default_factory=list)
    """What it did wrong. A hook that fails takes only its own kind of offers away."""

    import_seconds: float = 0.0
    """How long its import took, seconds."""

    printed: bool = False
    """Did it write to stdout while it was loaded or asked for its specs?"""

    notices: list[str] = field(default_factory=list)
    """Deprecation warnings about the hooks that it uses."""

    module: object | None = field(default=None, repr=False)
    """The plugin itself, once it is registered."""

    @property
    def source(self) -> str:
        """The module that the entry point names."""
        return self.target.partition(":")[0]

    @property
    def id(self) -> str:
        """``distribution:entry point``: unique among plugins."""
        return f"{self.distribution}:{self.name}"

    @property
    def state(self) -> State:
        """``loaded``, ``failed`` (see ``failures``) or ``disabled``."""
        if self.disabled_by:
            return "disabled"
        return "failed" if self.failures else "loaded"

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def normalised(distribution: str) -> str:
    """The name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _is_machinery(filename: str) -> bool:
    """Is the frame the standard library's, or the framework's own? An author mends neither."""
    path = Path(filename)
    installed = "site-packages" in path.parts
    library = not installed and path.is_relative_to(_LIBRARY)
    return filename.startswith("<") or library or path.is_relative_to(_FRAMEWORK)


_FRAMEWORK: Final = Path(__file__).parents[1]
_LIBRARY: Final = Path(sysconfig.get_path("stdlib"))
