"""A kernel's constants: prepared once per parameter set, handed to compiled code as one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import PluginError
from tickloom.specs.kernel import KernelSpec

_C_TYPES: Final = {float: "double", int: "int64_t", bool: "int64_t"}


@dataclass(frozen=True, slots=True)
class ConstantsLayout:
    """The record of constants: one 8-byte slot a field, double or int64, in the fields' order."""

    kernel: str
    """Name of the kernel, for messages."""

    record: type[Any]
    """The author's NamedTuple."""

    kinds: tuple[type, ...]
    """float, int or bool for each field."""

    def pack(self, constants: Any) -> NDArray[np.float64]:
        """The slots of one set of constants, shape (fields,); integers are stored as their bits."""
        packed = np.zeros(len(self.kinds), np.float64)
        as_int = packed.view(np.int64)
        for slot, (kind, value) in enumerate(zip(self.kinds, constants, strict=True)):
            whole = isinstance(value, int | np.integer | np.bool_)
            if not whole and not (kind is float and isinstance(value, float | np.floating)):
                raise PluginError(
                    f"kernel {self.kernel!r}: constant {self.record._fields[slot]!r} is "
                    f"{kind.__name__} with the default parameters and {value!r} with others; "
                    "prepare must give each constant one type"
                )
            try:
                (packed if kind is float else as_int)[slot] = value
            except OverflowError as error:
                raise PluginError(
                    f"kernel {self.kernel!r}: constant {self.record._fields[slot]!r} is more than "
                    f"64 bits hold with some parameters: {error}; bound them"
                ) from error
        return packed

    def c_struct(self, name: str) -> str:
        """The record as a C ``struct``."""
        fields = zip(self.record._fields, self.kinds, strict=True)
        lines = "".join(f"    {_C_TYPES[kind]} {field};\n" for field, kind in fields)
        return f"struct {name} {{\n{lines}}};"


def layout_of(spec: KernelSpec) -> ConstantsLayout:
    """The layout of ``spec``'s constants, as its default parameters prepare them."""
    constants = prepare_constants(spec, spec.params())
    kinds = []
    for field, value in zip(constants._fields, constants, strict=True):
        kind = _kind(value)
        if kind is None:
            raise PluginError(
                f"kernel {spec.name!r}: constant {field!r} must be a float, int or bool; prepare "
                f"gave {value!r}"
            )
        kinds.append(kind)
    return ConstantsLayout(spec.name, type(constants), tuple(kinds))


def prepare_constants(spec: KernelSpec, params: Any) -> Any:
    """``prepare(params)``, a NamedTuple; the parameters themselves without a ``prepare``."""
    if spec.prepare is None:
        return params
    try:
        constants = spec.prepare(params)
    except Exception as error:
        raise PluginError(
            f"kernel {spec.name!r}: prepare failed for {params}: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(constants, "_fields"):
        raise PluginError(
            f"kernel {spec.name!r}: prepare must return a NamedTuple; found {constants!r}"
        )
    return constants


def _kind(value: object) -> type | None:
    if isinstance(value, bool | np.bool_):
        return bool
    if isinstance(value, int | np.integer):
        return int
    if isinstance(value, float | np.floating):
        return float
    return None
