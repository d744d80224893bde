"""Transforms: their order, and what becomes of one that breaks its promise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from tickloom import Contract, ContractSlice, Expiry, PartitionContext, TransformSpec
from tickloom.errors import PluginError
from tickloom.host import get_host
from tickloom.host.transform_order import ordered
from tickloom.packing.rows.transforms import apply_all

CONTRACT = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)
DAY = dt.date(2025, 8, 28)
EXPIRY = Expiry(date=DAY, scheduled=DAY, kind="monthly")
CONTEXT = PartitionContext(
    symbol="x",
    date=None,
    slices=(ContractSlice(contract=CONTRACT, expiry=EXPIRY, start=0, rows=3),),
)
FRAME = pl.DataFrame({"price": [1.0, 2.0, 3.0], "volume": [1, 2, 3]})


def transform(
    name: str,
    needs: tuple[str, ...] = (),
    gives: tuple[str, ...] = (),
    updates: tuple[str, ...] = (),
    apply: Callable[[pl.DataFrame, PartitionContext], pl.DataFrame] = lambda frame, context: frame,
) -> TransformSpec:
    return TransformSpec(
        name=name,
        summary="s",
        phase="batch",
        needs=needs,
        gives=gives,
        updates=updates,
        apply=apply,
    )


def names(*transforms: TransformSpec) -> list[str]:
    return [found.name for found in ordered(transforms, "batch")]


def test_givers_come_before_those_who_need() -> None:
    assert names(transform("a", needs=("y",)), transform("b", gives=("y",))) == ["b", "a"]


def test_updaters_come_before_those_who_only_need() -> None:
    chain = [
        transform("a", needs=("price",)),
        transform("b", needs=("price",), updates=("price",)),
        transform("c", updates=("price",)),
    ]
    assert names(*chain) == names(*reversed(chain)) == ["c", "b", "a"]


def test_built_in_transforms_have_their_documented_order() -> None:
    everyone = [offer.spec for offer in get_host().transforms]
    assert [t.name for t in ordered(everyone, "batch")] == ["schema", "changeper"]
    assert [t.name for t in ordered(everyone, "partition")] == ["expiry", "vol-delta"]


def test_two_givers_of_one_column_are_an_error() -> None:
    with pytest.raises(PluginError, match="given by transform 'a' and by transform 'b'"):
        ordered([transform("a", gives=("y",)), transform("b", gives=("y",))], "batch")


def test_giving_a_raw_column_is_an_error_that_names_updates() -> None:
    with pytest.raises(PluginError, match=r"'price' is given by the raw file.*'updates'"):
        ordered([transform("a", gives=("price",))], "batch")


def test_circle_is_an_error() -> None:
    pair = [transform("a", ("x",), ("y",)), transform("b", ("y",), ("x",))]
    with pytest.raises(PluginError, match="need each other's columns: "):
        ordered(pair, "batch")


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (lambda frame, context: frame.head(2), "got 3 rows and returned 2"),
        (lambda frame, context: frame.reverse(), "or in another order"),
        (lambda frame, context: frame.sort("price", descending=True), "or in another order"),
        (lambda frame, context: pl.concat([frame, frame]), "got 3 rows and returned 6"),
        (lambda frame, context: frame.drop("volume"), "without volume"),
        (lambda frame, context: frame.rename({"price": "mid"}), "without price"),
    ],
)
def test_broken_promise_is_found(
    apply: Callable[[pl.DataFrame, PartitionContext], pl.DataFrame], message: str
) -> None:
    with pytest.raises(PluginError, match=message):
        apply_all([transform("bad", apply=apply)], FRAME, CONTEXT)


def test_giver_that_does_not_give_is_found() -> None:
    with pytest.raises(PluginError, match="without mid"):
        apply_all([transform("bad", gives=("mid",))], FRAME, CONTEXT)


def test_missing_need_is_explained() -> None:
    with pytest.raises(PluginError, match="'a' needs tape; neither the source"):
        apply_all([transform("a", needs=("tape",))], FRAME, CONTEXT)


def test_transforms_see_no_trace_of_the_check_afterwards() -> None:
    assert apply_all([transform("a")], FRAME, CONTEXT).equals(FRAME)
