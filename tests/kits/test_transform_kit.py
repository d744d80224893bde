"""The transform kit catches planted faults, each for the right reason."""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
import pytest

from tickloom import PartitionContext, TransformSpec
from tickloom.schema import COMPUTED_COLUMNS, RAW_COLUMNS
from tickloom.testing import TransformTests
from tickloom.testing.frames import DAY, sample_columns, sample_slices

KIT = TransformTests()
SLICES = sample_slices((2, 3))
PARTITION = PartitionContext(symbol="", date=DAY, slices=SLICES)
BATCH = PartitionContext(symbol="s", date=None, slices=sample_slices((5,)))


def mid(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    return frame.with_columns(mid=(pl.col("bp0") + pl.col("sp0")) / 2)


GOOD = TransformSpec(
    name="mid", summary="s", phase="batch", needs=("bp0", "sp0"), gives=("mid",), apply=mid
)


@pytest.fixture
def full() -> pl.DataFrame:
    columns = [c for c in RAW_COLUMNS + COMPUTED_COLUMNS if c.name != "vol_delta"]
    return sample_columns(columns, 5, random.Random(3)).with_columns(volume=pl.Series(range(5)))


def broken(apply: object, **changes: object) -> TransformSpec:
    return replace(GOOD, apply=apply, **changes)  # type: ignore[arg-type]


def test_a_good_transform_passes(full: pl.DataFrame) -> None:
    KIT.test_it_states_phase_and_columns(GOOD)
    KIT.test_rows_and_other_columns_stay(GOOD, full, BATCH)
    KIT.test_it_reads_only_what_it_needs(GOOD, full, BATCH)
    KIT.test_the_same_frame_gives_the_same_result(GOOD, full, BATCH)
    KIT.test_cutting_the_frame_changes_nothing(GOOD, full, BATCH)
    KIT.test_types_do_not_depend_on_values(GOOD, full, BATCH)


def test_dropped_rows(full: pl.DataFrame) -> None:
    spec = broken(lambda frame, context: mid(frame, context).filter(pl.col("mid").is_not_null()))
    with pytest.raises(AssertionError, match="keeps every row: expected 5"):
        KIT.test_rows_and_other_columns_stay(spec, full, BATCH)


def test_reordered_rows(full: pl.DataFrame) -> None:
    spec = broken(lambda frame, context: mid(frame, context).reverse())
    with pytest.raises(AssertionError, match=r"changes what it does not declare.*row 0"):
        KIT.test_rows_and_other_columns_stay(spec, full, BATCH)


def test_a_lost_column(full: pl.DataFrame) -> None:
    spec = broken(lambda frame, context: mid(frame, context).drop("oi"))
    with pytest.raises(AssertionError, match="keeps all columns: oi are gone"):
        KIT.test_rows_and_other_columns_stay(spec, full, BATCH)


def test_an_undeclared_new_column(full: pl.DataFrame) -> None:
    spec = broken(lambda frame, context: mid(frame, context).with_columns(also=pl.lit(1)))
    with pytest.raises(AssertionError, match="adds also; declare them in 'gives'"):
        KIT.test_rows_and_other_columns_stay(spec, full, BATCH)


def test_an_undeclared_column_that_it_reads(full: pl.DataFrame) -> None:
    spec = broken(mid, needs=("bp0",))
    with pytest.raises(AssertionError, match=r"declare every column that it reads.*sp0"):
        KIT.test_it_reads_only_what_it_needs(spec, full, BATCH)


def test_an_undeclared_column_that_it_reads_if_it_is_there(full: pl.DataFrame) -> None:
    def sly(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        factor = pl.col("strike") if "strike" in frame.columns else pl.lit(1.0)
        return mid(frame, context).with_columns(pl.col("mid") * factor)

    with pytest.raises(AssertionError, match="depends on columns that it does not declare"):
        KIT.test_it_reads_only_what_it_needs(broken(sly), full, BATCH)


def test_a_memory_across_calls(full: pl.DataFrame) -> None:
    calls: list[int] = []

    def counting(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        calls.append(1)
        return frame.with_columns(mid=pl.lit(float(len(calls))))

    with pytest.raises(AssertionError, match="called twice, it answers differently"):
        KIT.test_the_same_frame_gives_the_same_result(broken(counting), full, BATCH)


def test_a_batch_transform_that_looks_at_other_rows(full: pl.DataFrame) -> None:
    spec = broken(
        lambda frame, context: frame.with_columns(mid=pl.col("volume") - pl.col("volume").shift(1)),
        needs=("volume",),
    )
    with pytest.raises(AssertionError, match="one row at a time, it differs"):
        KIT.test_cutting_the_frame_changes_nothing(spec, full, BATCH)


def test_a_partition_transform_that_looks_across_contracts(full: pl.DataFrame) -> None:
    spec = broken(
        lambda frame, context: frame.with_columns(mid=pl.col("volume").cum_sum()),
        needs=("volume",),
        phase="partition",
    )
    with pytest.raises(AssertionError, match="one contract at a time, it differs"):
        KIT.test_cutting_the_frame_changes_nothing(spec, full, PARTITION)


def test_types_that_depend_on_values(full: pl.DataFrame) -> None:
    def loose(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        return frame.with_columns(mid=pl.Series([v for v in frame["bp0"]]))  # noqa: C416

    spec = broken(loose, needs=("bp0",))
    with pytest.raises(AssertionError, match="nulls in bp0 change the types"):
        KIT.test_types_do_not_depend_on_values(spec, full, BATCH)


def test_wrong_values(full: pl.DataFrame) -> None:
    with pytest.raises(AssertionError, match="column 'mid'"):
        KIT.test_values_are_the_expected_ones(GOOD, full, BATCH, {"mid": [0.0] * 5})


def test_a_promise_that_is_not_kept(full: pl.DataFrame) -> None:
    with pytest.raises(AssertionError, match="gives 'mid', and does not"):
        KIT.test_values_are_the_expected_ones(broken(lambda f, c: f), full, BATCH, {})


def test_a_frame_without_rows_that_it_cannot_take(full: pl.DataFrame) -> None:
    def first(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
        start = frame["volume"].first()
        kind = pl.Int64() if start is not None else pl.Null()
        return frame.with_columns(mid=pl.lit(start, kind))

    spec = broken(first, needs=("volume",), phase="partition")
    with pytest.raises(AssertionError, match="a frame without rows gives other types"):
        KIT.test_a_frame_without_rows_is_taken(spec, full, PARTITION)
