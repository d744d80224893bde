"""What an author is told about functions that do not compile: the reason, and the line to mend."""

from __future__ import annotations

import dis
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from numba import types

from tickloom.errors import UsageError
from tickloom.specs.kernel import KernelSpec

_PLACE: Final = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')
_NOT_A_REASON: Final = re.compile(r"(\w+Error: )?Failed in|During:|File |raised from")
_NESTED: Final = "Rejected as the implementation raised a specific error:"
"""What Numba writes before the report on a function that another one calls."""

_MAY_USE: Final = (
    "A kernel's functions may use numbers, tuples, NamedTuples, math and plain functions of the "
    "same kind"
)


def does_not_compile(
    spec: KernelSpec,
    role: str,
    function: Callable[..., Any],
    helpers: Iterable[Callable[..., Any]],
    error: Exception,
) -> UsageError:
    """Numba's report on ``function``, the kernel's ``role``, cut to what the author needs.

    Where the fault lies in one of ``helpers``, which it calls, that one and its line are named.
    """
    text, what = str(error), role
    helper = _blamed(text, helpers)
    if helper is not None:
        function, what = helper, f"{helper.__name__}, which {role} calls,"
        text = text[text.rindex(_NESTED) + len(_NESTED) :]
    path, line = _author_line(text, function)
    reason = _reason(text) or type(error).__name__
    advice = _MAY_USE
    if "of type Tick(" in reason:
        fields = [*spec.columns, *spec.clock]
        where = "columns and clock"
        if spec.features and role.startswith("step"):
            fields += dict(spec.features)
            where = "columns, clock and features"
        advice = f"A tick has what the kernel declares in {where}: {', '.join(fields)}"
    return UsageError(
        f"kernel {spec.name!r}: {what} does not compile at {path}, line {line}: {reason}. {advice}"
    )


def changed_type(
    spec: KernelSpec, role: str, function: Callable[..., Any], before: Any, after: Any
) -> UsageError:
    """``function``, the kernel's ``role``, gives back a value of another type than it got."""
    return misshapen(
        spec,
        role,
        function,
        f"must return a {'state' if role == 'step' else 'value'} of the type that it got; it got "
        f"{before} and returns {after}{_changed_fields(before, after)}. Give each field one type, "
        f"in init as in {role.partition(' ')[0]}",
    )


def misshapen(spec: KernelSpec, role: str, function: Callable[..., Any], what: str) -> UsageError:
    """``function``, the kernel's ``role``, returns something that it must not."""
    code = getattr(function, "py_func", function).__code__
    returns = {
        instruction.positions.lineno
        for instruction in dis.get_instructions(code)
        if instruction.opname.startswith("RETURN") and instruction.positions
    }
    line = returns.pop() if len(returns) == 1 else code.co_firstlineno
    return UsageError(f"kernel {spec.name!r}: {role} at {code.co_filename}, line {line} {what}")


def _blamed(text: str, helpers: Iterable[Callable[..., Any]]) -> Callable[..., Any] | None:
    """The innermost of ``helpers`` for which ``text`` has a nested report."""
    if _NESTED not in text:
        return None
    at = {
        text.rfind(f"Function({helper!r})", 0, text.rindex(_NESTED)): helper for helper in helpers
    }
    last = max(at, default=-1)
    return at[last] if last >= 0 else None


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reasons = [line for line in lines if not _NOT_A_REASON.match(line)]
    if not reasons:
        return ""
    reason = reasons[0].rstrip(".")
    if reason.endswith(":") and len(reasons) > 1:
        reason = f"{reason} {reasons[1].lstrip('> ').rstrip('.')}"
    return reason


def _author_line(text: str, function: Callable[..., Any]) -> tuple[str, int]:
    code = getattr(function, "py_func", function).__code__
    for found in _PLACE.finditer(text):
        if Path(found["path"]).name == Path(code.co_filename).name:
            return code.co_filename, int(found["line"])
    return code.co_filename, code.co_firstlineno


def _changed_fields(before: Any, after: Any) -> str:
    names = getattr(getattr(before, "instance_class", None), "_fields", ())
    if not isinstance(after, types.BaseTuple) or len(after) != len(names):
        return ""
    changed = [
        f"{name} turns from {old} to {new}"
        for name, old, new in zip(names, before, after, strict=True)
        if old != new
    ]
    return f" ({', '.join(changed)})" if changed else ""
