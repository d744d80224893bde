"""The C signature of a kernel, as an author of C code would write it."""

from __future__ import annotations

from tickloom.engine.kernels.columns import field_kind
from tickloom.engine.kernels.constants import ConstantsLayout, layout_of
from tickloom.specs.kernel import KernelSpec

_C_TYPES = {"float64": "double", "int64": "int64_t"}


def c_signature(spec: KernelSpec) -> str:
    """The constants as a struct, then the prototype that ``tickloom.h`` describes.

    A native kernel has this very function, an array kernel is compiled to it; for a step kernel it
    is what the same strategy would be as a native one.
    """
    layout = layout_of(spec)
    name = spec.symbol or spec.name.replace("-", "_")
    arguments = [
        "int64_t contracts",
        "const int64_t *offsets",
        *(f"const {_C_TYPES[field_kind(field)]} *{field}" for field in spec.columns + spec.clock),
        f"const struct {name}_constants *constants",
        "int32_t *wanted",
    ]
    joined = (",\n" + " " * (len("int32_t ") + len(name) + 1)).join(arguments)
    return f"{_struct(layout, name)}\n\nint32_t {name}({joined});"


def _struct(layout: ConstantsLayout, name: str) -> str:
    return layout.c_struct(f"{name}_constants")
