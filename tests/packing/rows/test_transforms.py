"""Transforms: their order, and what becomes of one that breaks its promise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from tickloom import (
    Contract,
    ContractSlice,
    Expiry,
    PartitionContext,
    ReadError,
    TransformSpec,
)
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


@pytest.mark.parametrize("rows", [3, 30_000])
@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (
            lambda frame, context: frame.with_columns(pl.col("volume") * 2),
            r"'bad' changed volume, .*\(row 0: 1 became 2\); its author lists in 'updates'",
        ),
        (
            lambda frame, context: frame.with_columns(
                volume=pl.when(pl.col("volume") < frame.height).then("volume")
            ),
            r"'bad' changed volume, .*\(row (2|29999): (3|30000) became None\)",
        ),
        (
            lambda frame, context: frame.with_columns(pl.col("volume").cast(pl.Int32)),
            r"'bad' changed volume, .*\(its type from Int64 to Int32\)",
        ),
        (
            lambda frame, context: frame.with_columns(pl.lit(0).alias("helper")),
            "'bad' returned the columns helper, which it does not declare",
        ),
    ],
)
def test_change_that_is_not_declared_is_refused(
    apply: Callable[[pl.DataFrame, PartitionContext], pl.DataFrame], message: str, rows: int
) -> None:
    frame = pl.DataFrame({"price": [1.5] * rows, "volume": range(1, rows + 1)})
    with pytest.raises(PluginError, match=message):
        apply_all([transform("bad", updates=("price",), apply=apply)], frame, CONTEXT)


def test_what_is_put_into_the_frame_in_place_stays_in_its_copy() -> None:
    def in_place(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        kept = frame.clone()
        frame.replace_column(1, pl.Series("volume", [0, 0, 0]))
        frame[0, "price"] = 9.0
        return kept.with_columns(mid=2 * pl.col("price"))

    found = apply_all([transform("a", gives=("mid",), apply=in_place)], FRAME, CONTEXT)
    assert found.equals(FRAME.with_columns(mid=2 * pl.col("price")))


def test_transform_may_change_a_vendors_columns_if_it_says_so() -> None:
    def typed(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        return frame.with_columns(pl.col("iv").cast(pl.Float64))

    frame = FRAME.with_columns(iv=pl.lit("0.5"))
    with pytest.raises(PluginError, match="changed iv"):
        apply_all([transform("a", apply=typed)], frame, CONTEXT)
    free = replace(transform("a", apply=typed), updates_extra=True)
    assert apply_all([free], frame, CONTEXT)["iv"].to_list() == [0.5] * 3


def test_column_of_the_file_that_a_transform_gives_is_refused() -> None:
    giver = transform("a", gives=("mid",), apply=lambda frame, context: frame)
    with pytest.raises(ReadError, match="'a' gives the columns mid; rename them in the file"):
        apply_all([giver], FRAME.with_columns(mid=1.0), CONTEXT)


def test_missing_need_is_explained() -> None:
    with pytest.raises(PluginError, match="'a' needs tape; neither the source"):
        apply_all([transform("a", needs=("tape",))], FRAME, CONTEXT)


def test_transforms_see_no_trace_of_the_check_afterwards() -> None:
    assert apply_all([transform("a")], FRAME, CONTEXT).equals(FRAME)
