"""How authors register a kernel: three factories that check everything at registration.

None of this imports numba: a module that defines steps stays light, the host compiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Never

from tickloom.engine.kernels.checks import (
    check_declarations,
    check_features,
    check_flags,
    check_function,
    check_params,
    refuse_keywords,
)
from tickloom.engine.kernels.columns import CLOCK_FIELDS, as_column, column_kind
from tickloom.errors import UsageError
from tickloom.schema import Column
from tickloom.specs.kernel import Feature, Gate, KernelKind, KernelSpec, TickKind

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LARGEST_POSITION: Final = 1_000_000


def step_kernel(
    name: str,
    *,
    columns: Sequence[str | Column],
    params: type[Any],
    step: Callable[..., Any],
    init: Callable[..., Any] | None = None,
    prepare: Callable[..., Any] | None = None,
    features: Mapping[str, Feature] | None = None,
    gate: Gate | None = None,
    summary: str = "",
    version: str = "1",
    clock: Sequence[str] = (),
    ticks: TickKind = "price",
    max_position: int = 1,
    units: Mapping[str, str] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    flags: Sequence[str] = (),
    **unknown: Never,
) -> KernelSpec:
    """A kernel written as a pure function per tick; the host owns the loop.

    ``init(tick, constants)`` returns the state at a contract's first tick, and
    ``step(state, tick, position, constants)`` the new state and the wanted position, an int from
    ``-max_position`` to ``max_position``. ``prepare(params)`` derives the constants once per run.
    The state is a NamedTuple of numbers whose types do not change from tick to tick. A step that
    remembers nothing has no ``init``: ``step(tick, position, constants)`` returns the wanted
    position alone.

    ``ticks='quote'``: a tick is a row with a bid and an ask, whose middle is its price.

    ``columns`` are any of the store's, by name. One that only some stores have (a vendor's, a
    transform's) takes the type that it has in the store of a run; a :class:`Column` also says it.

    ``features`` are tick fields that the host keeps up, ``gate`` a condition for entering: see
    :class:`~tickloom.Feature` and :class:`~tickloom.Gate`. Sweeps share both among parameter sets.

    Raises :class:`UsageError` naming what is wrong: a column of text, a parameter without a
    default, a flag that is not reproducible by name, a function of another shape.
    """
    refuse_keywords(name, unknown)
    check_features(name, features)
    if init is not None:
        check_function(name, "init", init, 2)
        check_function(name, "step", step, 4)
    else:
        check_function(name, "step (there is no init, so no state)", step, 3)
    return _checked(
        KernelSpec(
            name=name,
            kind="step",
            columns=_columns(name, columns),
            params=params,
            init=init,
            step=step,
            features=tuple((features or {}).items()),
            gate=gate,
            **_common(prepare, summary, version, clock, ticks, max_position, units, bounds, flags),
        )
    )


def array_kernel(
    name: str,
    *,
    columns: Sequence[str | Column],
    params: type[Any],
    loop: Callable[..., Any],
    prepare: Callable[..., Any] | None = None,
    summary: str = "",
    version: str = "1",
    clock: Sequence[str] = (),
    ticks: TickKind = "price",
    max_position: int = 1,
    units: Mapping[str, str] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    flags: Sequence[str] = (),
    **unknown: Never,
) -> KernelSpec:
    """A kernel that loops itself: ``loop(offsets, columns, constants, wanted)``.

    ``offsets`` is int64 of shape (contracts + 1,): contract c owns the rows from ``offsets[c]`` up
    to ``offsets[c + 1]``. ``columns`` has one read-only array a column (``columns.price``), then
    one a clock field, each of shape (rows,). The loop writes the wanted position of each row into
    ``wanted``, int32 of shape (rows,), which comes filled with zeros. Rows without a price never
    reach it.

    Raises :class:`UsageError` as :func:`step_kernel` does.
    """
    refuse_keywords(name, unknown)
    check_function(name, "loop", loop, 4)
    return _checked(
        KernelSpec(
            name=name,
            kind="array",
            columns=_columns(name, columns),
            params=params,
            loop=loop,
            **_common(prepare, summary, version, clock, ticks, max_position, units, bounds, flags),
        )
    )


def native_kernel(
    name: str,
    *,
    columns: Sequence[str | Column],
    params: type[Any],
    symbol: str,
    library: Path | str | None = None,
    source: Path | str | None = None,
    prepare: Callable[..., Any] | None = None,
    summary: str = "",
    version: str = "1",
    clock: Sequence[str] = (),
    ticks: TickKind = "price",
    max_position: int = 1,
    units: Mapping[str, str] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    **unknown: Never,
) -> KernelSpec:
    """A kernel in a shared library: the contract of :func:`array_kernel` as a C function.

    ``symbol`` of ``library`` has the signature that ``tickloom kernels list NAME`` prints; the
    contract is in ``tickloom.h`` (``tickloom kernels header``). Instead of a library, a C file may
    be given as ``source``: the system's compiler builds it into the host's cache. Either is opened
    at its first use, not here. Raises :class:`UsageError` as :func:`step_kernel` does.
    """
    refuse_keywords(name, unknown)
    if (library is None) == (source is None):
        raise UsageError(f"kernel {name!r}: give either library or source")
    if not re.fullmatch(r"[A-Za-z_]\w*", symbol):
        raise UsageError(f"kernel {name!r}: symbol must be a C identifier; found {symbol!r}")
    return _checked(
        KernelSpec(
            name=name,
            kind="native",
            columns=_columns(name, columns),
            params=params,
            library=Path(library) if library else None,
            source=Path(source) if source else None,
            symbol=symbol,
            **_common(prepare, summary, version, clock, ticks, max_position, units, bounds, ()),
        )
    )


def check_kernel(spec: KernelSpec) -> None:
    """Raise :class:`UsageError` unless ``spec`` can be a kernel; the factories call this."""
    where = f"kernel {spec.name!r}"
    if not _NAME.fullmatch(spec.name):
        raise UsageError(
            f"{where}: a name is lower-case words joined by '-', like 'ema-cross'; found "
            f"{spec.name!r}"
        )
    _check_kind(where, spec.kind)
    _check_columns(where, spec)
    check_params(where, spec)
    check_declarations(spec)
    check_flags(where, spec.flags)
    if spec.prepare is not None:
        check_function(spec.name, "prepare", spec.prepare, 1)
    size = spec.max_position
    if type(size) is not int or not 1 <= size <= _LARGEST_POSITION:
        raise UsageError(
            f"{where}: max_position must be an int from 1 to {_LARGEST_POSITION}; found {size!r}"
        )


def _common(
    prepare: Callable[..., Any] | None,
    summary: str,
    version: str,
    clock: Sequence[str],
    ticks: TickKind,
    max_position: int,
    units: Mapping[str, str] | None,
    bounds: Mapping[str, tuple[float, float]] | None,
    flags: Sequence[str],
) -> dict[str, Any]:
    return {
        "prepare": prepare,
        "summary": summary,
        "version": version,
        "clock": tuple(clock),
        "ticks": ticks,
        "max_position": max_position,
        "units": tuple((units or {}).items()),
        "bounds": tuple((key, low, high) for key, (low, high) in (bounds or {}).items()),
        "flags": (flags,) if isinstance(flags, str | bool) else tuple(flags),
    }


def _columns(kernel: str, columns: Sequence[str | Column]) -> tuple[str, ...]:
    try:
        return tuple(map(as_column, columns))
    except UsageError as error:
        raise UsageError(f"kernel {kernel!r}: {error}") from None


def _checked(spec: KernelSpec) -> KernelSpec:
    check_kernel(spec)
    return spec


def _check_kind(where: str, kind: KernelKind) -> None:
    if kind not in ("step", "array", "native"):
        raise UsageError(f"{where}: kind must be step, array or native; found {kind!r}")


def _check_columns(where: str, spec: KernelSpec) -> None:
    for column in spec.columns:
        try:
            column_kind(column)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    if "price" not in spec.columns:
        raise UsageError(f"{where}: columns must have 'price'; found {', '.join(spec.columns)}")
    if spec.ticks not in ("price", "quote"):
        raise UsageError(f"{where}: ticks must be price or quote; found {spec.ticks!r}")
    if spec.ticks == "quote" and not {"bp0", "sp0"} <= set(spec.columns):
        raise UsageError(
            f"{where}: ticks='quote' takes its price from bp0 and sp0; columns must have both, "
            f"found {', '.join(spec.columns)}"
        )
    for field in spec.clock:
        if field not in CLOCK_FIELDS:
            raise UsageError(
                f"{where}: unknown clock field {field!r}; there are: {', '.join(CLOCK_FIELDS)}"
            )
    fields = (*spec.columns, *spec.clock, *(name for name, _feature in spec.features))
    twice = sorted({field for field in fields if fields.count(field) > 1})
    if twice:
        raise UsageError(f"{where}: a tick has each field once; found twice: {', '.join(twice)}")
