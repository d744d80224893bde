"""Everything that a kernel's functions are made of, as plain functions and as one digest.

Numba's own cache looks at one file's time stamp and never notices an edited callee or an imported
constant. Here the bytecode of each function that can be reached is hashed, with every constant,
default and class that it refers to: what Numba translates is exactly what is hashed.
"""

from __future__ import annotations

import enum
import hashlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

import numpy as np

from tickloom.engine.cache.overloads import Overload, is_opaque, registered
from tickloom.errors import UsageError

_LARGEST_ARRAY: Final = 1_000_000
"""Bytes; Numba embeds arrays up to this size (``BaseContext.make_constant_array``)."""


_CODES: Final = 1024
"""Pieces of bytecode whose digest is kept: each run looks at its kernel's."""


@dataclass(frozen=True, slots=True)
class Closure:
    """What some functions can reach."""

    digest: str
    """SHA-256 over all of it."""

    functions: tuple[FunctionType, ...]
    """The plain functions that compiled code may call, the given ones first."""


def close_over(kernel: str, functions: Iterable[Callable[..., Any]]) -> Closure:
    """Walk ``functions`` and all that they refer to.

    Raises :class:`UsageError` naming ``kernel`` if a global cannot be hashed, such as an instance
    of a class of the author's.
    """
    walk = _Walk(kernel)
    for function in functions:
        walk.value(getattr(function, "py_func", function), "the kernel")
    walk.registrations()
    return Closure(walk.hash.hexdigest(), tuple(walk.functions))


class _Walk:
    def __init__(self, kernel: str) -> None:
        self.kernel = kernel
        self.hash = hashlib.sha256()
        self.functions: list[FunctionType] = []
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []
        self._modules: set[str] = set()
        self._overloads = registered()

    def value(self, value: Any, where: str) -> None:
        """Hash ``value``, which ``where`` refers to, and what was registered to implement it."""
        implemented = self._implementations(value)
        if isinstance(value, FunctionType):
            self._function(value, called=not implemented)
        elif isinstance(getattr(value, "py_func", None), FunctionType):
            self._options(value.targetoptions, value.py_func.__qualname__)
            self._function(value.py_func)
        elif isinstance(getattr(value, "__wrapped__", None), FunctionType):
            self.value(value.__wrapped__, where)
        elif isinstance(value, type):
            self._class(value, where)
        elif isinstance(value, ModuleType):
            self._note("module", value.__name__)
        elif isinstance(value, CodeType):
            self._code(value)
        elif isinstance(value, tuple | list | dict | set | frozenset):
            self._container(value, where)
        else:
            self._atom(value, where)

    def registrations(self) -> None:
        """Hash what the modules of all functions so far registered for anything: an operator, or
        an attribute or method of a Numba type, which code reaches without naming it."""
        known = -1
        while known < len(self._seen):
            known = len(self._seen)
            for overload in self._overloads:
                if overload.choose and overload.choose.__module__ in self._modules:
                    self._overload(overload)

    def _implementations(self, value: Any) -> bool:
        found = [overload for overload in self._overloads if overload.target is value]
        for overload in found:
            self._overload(overload)
        return bool(found)

    def _overload(self, overload: Overload) -> None:
        if not self._once(overload):
            return
        name = getattr(overload.target, "__qualname__", None) or str(overload.target)
        self._note("overload", name, overload.attribute)
        self._options(overload.options, name)
        if overload.choose is not None:
            self._function(overload.choose, called=False)

    def _options(self, options: dict[str, Any], function: str) -> None:
        for name, value in sorted(options.items()):
            if name in ("fastmath", "parallel") and value:
                raise UsageError(
                    f"kernel {self.kernel!r}: its helper {function} is compiled with {name}="
                    f"{value!r}; leave that out, the host compiles helpers as it does the kernel"
                )
            self._note("option", name)
            self.value(value, function)

    def _note(self, *parts: str) -> None:
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            self.hash.update(b"%d:" % len(data))
            self.hash.update(data)

    def _once(self, value: object) -> bool:
        """Whether ``value`` is new; a known one is hashed as its number, which ends cycles."""
        if id(value) in self._seen:
            self._note("seen", str(self._seen[id(value)]))
            return False
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        return True

    def _function(self, function: FunctionType, called: bool = True) -> None:
        if is_opaque(function.__module__):
            self._note("known", f"{function.__module__}.{function.__qualname__}")
            return
        if not self._once(function):
            return
        if called:
            self.functions.append(function)
        self._modules.add(function.__module__)
        where = f"{function.__qualname__} in {function.__code__.co_filename}"
        self._note("function", function.__qualname__)
        self._code(function.__code__)
        self.value(function.__defaults__, where)
        self.value(function.__kwdefaults__, where)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            self._note("cell", name)
            self.value(cell.cell_contents, where)
        self._globals(function, where)

    def _globals(self, function: FunctionType, where: str) -> None:
        names = sorted(_names(function.__code__))
        for name in names:
            if name in function.__globals__:
                self._note("global", name)
                value = function.__globals__[name]
                self.value(value, where)
                if isinstance(value, ModuleType):
                    self._attributes(value, names, where)

    def _attributes(
        self, module: ModuleType, names: list[str], where: str, within: tuple[str, ...] = ()
    ) -> None:
        """Hash what a function may read from a module: any attribute that its code names."""
        if module.__name__ in within:
            return
        for name in names:
            attribute = vars(module).get(name)
            if attribute is None:
                continue
            if is_opaque(module.__name__):
                self._implementations(attribute)
                continue
            self._note("attribute", name)
            self.value(attribute, where)
            if isinstance(attribute, ModuleType):
                self._attributes(attribute, names, where, (*within, module.__name__))

    def _code(self, code: CodeType) -> None:
        self._note("code", _code_digest(code))

    def _class(self, value: type, where: str) -> None:
        if hasattr(value, "class_type"):
            raise self._unnoticed("the jitclass " + value.__qualname__, where)
        self._note("class", value.__module__, value.__qualname__)
        if is_opaque(value.__module__) or not self._once(value):
            return
        self.value(getattr(value, "_fields", ()), where)
        self.value(getattr(value, "_field_defaults", {}), where)
        for name, member in sorted(vars(value).items()):
            if isinstance(member, bool | int | float | str | enum.Enum):
                self._note("member", name)
                self.value(member, where)

    def _container(self, value: Any, where: str) -> None:
        self._note(type(value).__name__, str(len(value)))
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else list(value)
        for item in items:
            self.value(item, where)
            if isinstance(value, dict):
                self.value(value[item], where)

    def _atom(self, value: Any, where: str) -> None:
        if value is None or value is Ellipsis or isinstance(value, bool | int | str | bytes):
            self._note(type(value).__name__, repr(value))
        elif isinstance(value, float | complex):
            self._note(type(value).__name__, np.asarray(value).tobytes().hex())
        elif isinstance(value, np.ndarray | np.generic):
            self._check_array(np.asarray(value), where)
            data = np.ascontiguousarray(value)
            self._note("array", data.dtype.str, str(data.shape), data.tobytes().hex())
        elif isinstance(value, enum.Enum):
            self._note("enum", type(value).__qualname__, value.name)
            self.value(value.value, where)
        elif isinstance(value, BuiltinFunctionType | np.ufunc) or inspect.isroutine(value):
            self._note("builtin", f"{getattr(value, '__module__', '')}.{value.__name__}")
        elif _is_numba_type(value):
            self._note("numba type", str(value))
        else:
            raise self._unnoticed(f"a {type(value).__qualname__} object", where)

    def _unnoticed(self, what: str, where: str) -> UsageError:
        return UsageError(
            f"kernel {self.kernel!r}: {where} refers to {what}, whose changes the cache could not "
            "notice; refer to numbers, tuples, arrays, NamedTuple classes and functions"
        )

    def _check_array(self, array: np.ndarray[Any, Any], where: str) -> None:
        """Numba copies a small array into the code; of others it takes the address, which no other
        process has: loaded from the cache, such a loop would read whatever lies there."""
        if array.nbytes > _LARGEST_ARRAY:
            found = f"an array of {array.nbytes:,} bytes"
        elif not (array.flags.c_contiguous or array.flags.f_contiguous):
            found = "an array that is a view with gaps"
        else:
            return
        raise UsageError(
            f"kernel {self.kernel!r}: {where} refers to {found}, which compiled code cannot carry "
            f"along; refer to contiguous arrays (np.ascontiguousarray) of at most "
            f"{_LARGEST_ARRAY:,} bytes, or compute the values in the step"
        )


@lru_cache(_CODES)
def _code_digest(code: CodeType) -> str:
    """The digest of ``code`` and its constants, none of which ever changes."""
    walk = _Walk("")
    walk._note(code.co_code.hex(), str(code.co_flags))
    walk._note(str(code.co_argcount), str(code.co_kwonlyargcount))
    walk._note(*code.co_names, "/", *code.co_varnames, "/", *code.co_freevars)
    for constant in code.co_consts:
        walk.value(constant, code.co_name)
    return walk.hash.hexdigest()


def _is_numba_type(value: object) -> bool:
    return any(cls.__module__ == "numba.core.types.abstract" for cls in type(value).__mro__)


def _names(code: CodeType) -> set[str]:
    nested = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*(_names(inner) for inner in nested))
