"""What the host says of a transform or an executor that breaks its promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from tickloom import ExecutorSpec, PartitionContext, ReadError, TransformSpec
from tickloom.errors import PluginError
from tickloom.packing.rows.transforms import apply_all

CONTEXT = PartitionContext(symbol="s", date=None, slices=())
FRAME = pl.DataFrame({"price": [1.0, 2.0]})


def raises(error: BaseException) -> Callable[..., Any]:
    def apply(*args: Any) -> Any:
        raise error

    return apply


TRANSFORMS = {
    "failed: KeyError: 'price'. Upgrade": raises(KeyError("price")),
    "failed: SystemExit: 4. Upgrade": raises(SystemExit(4)),
    "got 2 rows and returned 1": lambda frame, context: frame.head(1),
    "a transform keeps every row and their order": lambda frame, context: frame.reverse(),
    "returned a frame without price": lambda frame, context: frame.drop("price"),
    "must return a polars DataFrame; it returned LazyFrame": lambda frame, context: frame.lazy(),
}


def transform(apply: Callable[..., Any]) -> TransformSpec:
    return TransformSpec(name="bad", summary="s", phase="batch", needs=(), gives=(), apply=apply)


@pytest.mark.parametrize("message", TRANSFORMS)
def test_a_transform_that_fails_is_named(message: str) -> None:
    with pytest.raises(PluginError) as error:
        apply_all([transform(TRANSFORMS[message])], FRAME, CONTEXT)
    assert str(error.value).startswith("transform 'bad' ")
    assert message in str(error.value)


def test_a_transform_may_refuse_a_batch() -> None:
    with pytest.raises(ReadError, match="no such price"):
        apply_all([transform(raises(ReadError("no such price")))], FRAME, CONTEXT)


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (raises(RuntimeError("no cluster")), "failed to start 3 workers: RuntimeError: no cluster"),
        (raises(SystemExit(1)), "failed to start 3 workers: SystemExit: 1"),
        (lambda workers: workers, "must make a concurrent.futures.Executor; it made a int"),
    ],
)
def test_an_executor_that_does_not_start_is_named(
    create: Callable[[int], Any], message: str
) -> None:
    spec = ExecutorSpec(name="bad", summary="s", create=create, shares_memory=True)
    with pytest.raises(PluginError, match=f"executor 'bad' {message}"):
        spec.start(3)
