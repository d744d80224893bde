"""Implementations that authors gave to functions by ``numba.extending``, as its registry has them.

A call of such a function compiles what was registered for it, not the function's own code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from types import FunctionType
from typing import Any, Final

OPAQUE: Final = sys.stdlib_module_names | {"numpy", "numba", "llvmlite", "builtins"}
"""Packages whose functions are known by name; their versions are in the cache's key."""

_ADDED: Final = {"nopython", "no_cpython_wrapper"}
"""Options that Numba adds to the registered ones at the first use."""

_HELPERS: Final[tuple[dict[str, Any], ...]] = ({}, {"boundscheck": True})
"""Options of helpers that the host registers, before and after Numba has looked at them."""


@dataclass(frozen=True, slots=True)
class Overload:
    """One registration by code that is not Numba's own."""

    target: object
    """The function that it implements; the Numba type whose attribute or method it implements."""

    attribute: str
    """Name of the attribute or method; empty for a function."""

    options: dict[str, Any]
    """The compiler options that it came with."""

    choose: FunctionType | None
    """What gives the implementation for types; None for ``register_jitable``, where the function
    implements itself."""


def registered() -> tuple[Overload, ...]:
    """Every registration, in order; none while nobody has imported Numba.

    The plugins are loaded first: what they register must not depend on who asks when.
    """
    from tickloom.host import get_host

    get_host()
    templates = sys.modules.get("numba.core.typing.templates")
    if templates is None:
        return ()
    registry = templates.builtin_registry
    functions, attributes = registry.globals, registry.attributes
    return _found(registry, len(functions), functions[-1][1], len(attributes), attributes[-1])


@lru_cache(maxsize=1)
def _found(registry: Any, *_ends: object) -> tuple[Overload, ...]:
    """Those of the registry, to whose lists Numba only ever adds: lengths and last entries tell
    whether it did. Going through Numba's own takes 3 ms, and every run asks."""
    given = chain(
        (
            (target, template)
            for target, kind in registry.globals
            for template in getattr(kind, "templates", ())
        ),
        ((template.key, template) for template in registry.attributes),
    )
    return tuple(found for target, template in given for found in _of_author(target, template))


def is_opaque(module: str | None) -> bool:
    """Whether ``module`` belongs to a package that is known by its version."""
    return (module or "builtins").partition(".")[0] in OPAQUE


def _of_author(target: object, template: Any) -> Iterator[Overload]:
    choose = getattr(template, "_overload_func", None)
    if not isinstance(choose, FunctionType):
        return
    given = getattr(template, "_jit_options", {})
    options = {name: value for name, value in given.items() if name not in _ADDED}
    if not template._inline.is_never_inline:
        options["inline"] = template._inline.value
    attribute = getattr(template, "_attr", "")
    if not is_opaque(choose.__module__):
        yield Overload(target, attribute, options, choose)
    elif options not in _HELPERS and not is_opaque(getattr(target, "__module__", None)):
        # register_jitable; with these options it is what the host does itself with helpers.
        yield Overload(target, attribute, options, None)
