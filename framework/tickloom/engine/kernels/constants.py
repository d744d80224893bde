"""A kernel's constants: prepared once per parameter set, handed to compiled code as one record."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import PluginError
from tickloom.specs.kernel import KernelSpec

GATE: Final = "gate "
"""Name of the gate among the parts that have constants; no feature can be called so."""

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
        lines = "".join(f"    {_C_TYPES[kind]} {name};\n" for name, kind in fields)
        return f"struct {name} {{\n{lines}}};"


@dataclass(frozen=True, slots=True)
class Exactly:
    """Parameters as a key: equal only where they are written alike, which 0.0 and -0.0 or 1 and
    True are not."""

    text: str
    """How they are written."""

    params: Any = field(compare=False)
    """The parameters."""

    @classmethod
    def of(cls, params: tuple[Any, ...]) -> Exactly:
        """The key of one parameter set, or of several."""
        return cls(repr(params), params)


def layout_of(spec: KernelSpec) -> ConstantsLayout:
    """The layout of ``spec``'s constants, as its default parameters prepare them."""
    constants = prepare_constants(spec, spec.params())
    return ConstantsLayout(spec.name, type(constants), kinds_of(spec, constants))


def kinds_of(spec: KernelSpec, constants: Any) -> tuple[type, ...]:
    """float, int or bool for each field; raises :class:`PluginError` for anything else."""
    kinds = []
    for name, value in zip(constants._fields, constants, strict=True):
        kind = _kind(value)
        if kind is None:
            raise PluginError(
                f"kernel {spec.name!r}: constant {name!r} must be a float, int or bool; prepare "
                f"gave {value!r}"
            )
        kinds.append(kind)
    return tuple(kinds)


def prepare_constants(spec: KernelSpec, params: Any) -> Any:
    """The constants of one parameter set, a NamedTuple: what ``prepare`` gives (the parameters
    without a ``prepare``), then what each feature and the gate have of their own."""
    records = constant_records(spec, params)
    if len(records) == 1:
        return records[""]
    fields: list[str] = []
    for part, record in records.items():
        for own in record._fields:
            name = f"{part.strip()}__{own}" if part else own
            while name in fields:  # a feature called gate beside a gate
                name += "_"
            fields.append(name)
    values = [value for record in records.values() for value in record]
    return _record_class("Constants", tuple(fields))(*values)


def constant_records(spec: KernelSpec, params: Any) -> dict[str, Any]:
    """The constants of one parameter set as its parts get them: of the step under "", of each
    feature under its name, of the gate under :data:`GATE`."""
    records = {"": _prepared(spec, "prepare", spec.prepare, (params,)) if spec.prepare else params}
    for name, feature in spec.features:
        values = tuple(getattr(params, param) for param in feature.params)
        if feature.prepare is None:
            records[name] = _record_class("Parameters", feature.params)(*values)
        else:
            role = f"prepare of feature {name!r}"
            records[name] = _prepared(spec, role, feature.prepare, values)
    if spec.gate is not None:
        values = tuple(getattr(params, param) for param in spec.gate.params)
        records[GATE] = _record_class("Parameters", spec.gate.params)(*values)
    return records


def _prepared(
    spec: KernelSpec, role: str, prepare: Callable[..., Any], given: tuple[Any, ...]
) -> Any:
    try:
        constants = prepare(*given)
    except Exception as error:
        values = ", ".join(map(str, given))
        raise PluginError(
            f"kernel {spec.name!r}: {role} failed for {values}: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(constants, "_fields"):
        raise PluginError(
            f"kernel {spec.name!r}: {role} must return a NamedTuple; found {constants!r}"
        )
    return constants


@lru_cache(maxsize=256)
def _record_class(name: str, fields: tuple[str, ...]) -> type[Any]:
    """One class for the same fields, as compiled code tells records apart by their classes."""
    return namedtuple(name, fields)


def _kind(value: object) -> type | None:
    if isinstance(value, bool | np.bool_):
        return bool
    if isinstance(value, int | np.integer):
        return int
    if isinstance(value, float | np.floating):
        return float
    return None
