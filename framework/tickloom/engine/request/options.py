"""What may be said of every walk over a store, by ``tickloom.run`` and ``tickloom.sweep`` alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from os import PathLike
from typing import Any, Final, Literal, TypedDict, TypeVar

from tickloom.contracts import Right
from tickloom.progress import Progress

Day = date | str
"""A day, or its ISO form."""

HotTier = Literal["found", "build", "never"]
"""Whether the hot tier is read: where it exists, always (building what is missing), or never."""


class Options(TypedDict, total=False):
    """Options of a walk. Ranges (days, strikes) include both ends."""

    params: Mapping[str, object] | None
    """Overrides the kernel's defaults."""

    underlyings: str | Sequence[str]
    """Only these; all of them where it is empty."""

    start: Day | None
    """First trading day."""

    end: Day | None
    """Last trading day."""

    expiry: Day | Sequence[Day]
    """Only contracts that expire on this day, or on one of these."""

    strikes: str | tuple[float, float] | None
    """Lowest and highest strike, as numbers or written ``'A:B'``; ``'A'`` is that one alone."""

    right: Right | None
    """Calls (``'CE'``) or puts (``'PE'``) only."""

    fill: str
    """``'last'``, ``'touch'`` or ``'depth'``."""

    latency: str | int
    """Between a decision and its order's arrival: ticks (``3``) or milliseconds (``'250ms'``)."""

    stale_ms: float
    """Milliseconds after which an unchanged quote fills nothing; 0: never."""

    costs: str
    """``'none'``, ``'nse'`` or amounts like ``'fee=1.5,lot=75'``; with costs, profits are money
    after them."""

    executor: str
    """What the work is spread over."""

    workers: int | None
    """How many workers; None: one for each core that is allowed."""

    timeout: float | None
    """Seconds without any result after which the walk ends; None: it waits for ever."""

    out: str | PathLike[str] | None
    """A folder that gets the results."""

    hot: bool | None
    """Read the hot tier, building what is missing (True), never (False), or where it exists."""

    progress: Progress | None
    """Told how far the walk is."""

    announce: Callable[[str], None] | None
    """Told what is compiled or built."""


DEFAULTS: Final = Options(
    params=None,
    underlyings=(),
    start=None,
    end=None,
    expiry=(),
    strikes=None,
    right=None,
    fill="last",
    latency=0,
    stale_ms=0,
    costs="none",
    executor="tickloom:threads",
    workers=None,
    timeout=None,
    out=None,
    hot=None,
    progress=None,
    announce=None,
)
"""What is not said."""

F = TypeVar("F", bound=Callable[..., Any])


def takes_options(function: F) -> F:
    """Marks a function whose keyword arguments are :class:`Options`: ``help()`` and notebooks show
    each of them with its default, as type checkers do."""
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=DEFAULTS[name],  # type: ignore[literal-required]
            annotation=annotation,
        )
        for name, annotation in inspect.get_annotations(Options).items()
    ]
    function.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*own, *shared]
    )
    return function


def with_defaults(function: str, said: Options) -> Options:
    """``said``, and the defaults of what is not; raises TypeError as Python does for an argument
    that ``function`` does not have."""
    for name in said:
        if name not in DEFAULTS:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return {**DEFAULTS, **said}
