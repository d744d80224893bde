"""The conformance kit for transforms."""

from __future__ import annotations

import pickle
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tickloom.schema import COMPUTED_COLUMNS, RAW_COLUMNS
from tickloom.specs import PartitionContext, TransformSpec
from tickloom.testing.comparison import first_difference
from tickloom.testing.frames import DAY, sample_columns, sample_slices

if TYPE_CHECKING:
    import polars as pl

SEED = 1


class TransformTests:
    """What the host expects of every transform. A subclass gives ``transform``, a small ``frame``
    and the ``expected`` values; a transform of the partition phase also ``rows_per_contract``.

    The kit adds every other column of the store to the frame, so that a column which the
    transform uses or changes without saying so is noticed.
    """

    @pytest.fixture
    def transform(self) -> TransformSpec:
        """The transform under test."""
        raise NotImplementedError("give a fixture 'transform' that returns the TransformSpec")

    @pytest.fixture
    def frame(self) -> pl.DataFrame:
        """A few rows of the columns that the transform needs."""
        raise NotImplementedError("give a fixture 'frame' with the columns the transform needs")

    @pytest.fixture
    def expected(self) -> Mapping[str, Sequence[Any]]:
        """Column to its values after the transform of ``frame``, worked out by hand."""
        raise NotImplementedError("give a fixture 'expected': column to values, worked out by hand")

    @pytest.fixture
    def rows_per_contract(self, frame: pl.DataFrame) -> Sequence[int]:
        """How many rows of ``frame`` each contract has, in order."""
        return (frame.height,)

    @pytest.fixture
    def context(
        self, transform: TransformSpec, rows_per_contract: Sequence[int]
    ) -> PartitionContext:
        """Monthly BANKNIFTY calls of January 2025 at 50000, 50100, ..."""
        in_batch = transform.phase == "batch"
        return PartitionContext(
            symbol="banknifty25jan50000ce" if in_batch else "",
            date=None if in_batch else DAY,
            slices=sample_slices(rows_per_contract),
        )

    @pytest.fixture
    def full(self, transform: TransformSpec, frame: pl.DataFrame) -> pl.DataFrame:
        """``frame`` with all columns that the store has at that point."""
        columns = RAW_COLUMNS if transform.phase == "batch" else RAW_COLUMNS + COMPUTED_COLUMNS
        missing = [
            column
            for column in columns
            if column.name not in frame.columns and column.name not in transform.gives
        ]
        return frame.hstack(sample_columns(missing, frame.height, random.Random(SEED)))

    def test_it_states_phase_and_columns(self, transform: TransformSpec) -> None:
        assert transform.phase in ("batch", "partition"), (
            f"phase must be 'batch' or 'partition', found {transform.phase!r}"
        )
        both = set(transform.gives) & set(transform.updates)
        assert not both, f"{sorted(both)}: a column is either given or updated"
        assert pickle.loads(pickle.dumps(transform.apply)) is transform.apply

    def test_values_are_the_expected_ones(
        self,
        transform: TransformSpec,
        full: pl.DataFrame,
        context: PartitionContext,
        expected: Mapping[str, Sequence[Any]],
    ) -> None:
        found = transform.apply(full, context)
        for column in transform.gives:
            assert column in found.columns, f"it says that it gives {column!r}, and does not"
        for column, values in expected.items():
            assert found[column].to_list() == list(values), f"column {column!r}"

    def test_rows_and_other_columns_stay(
        self, transform: TransformSpec, full: pl.DataFrame, context: PartitionContext
    ) -> None:
        found = transform.apply(full, context)
        assert found.height == full.height, (
            f"a transform keeps every row: expected {full.height}, found {found.height}"
        )
        own = {*transform.gives, *transform.updates}
        if transform.updates_extra:
            own |= set(full.columns) - {column.name for column in RAW_COLUMNS}
        others = [name for name in full.columns if name not in own]
        lost = [name for name in full.columns if name not in found.columns]
        assert not lost, f"a transform keeps all columns: {', '.join(lost)} are gone"
        difference = first_difference(full.select(others), found.select(others))
        assert not difference, f"it changes what it does not declare in 'updates': {difference}"
        surplus = sorted(set(found.columns) - set(full.columns) - own)
        assert not surplus, f"it adds {', '.join(surplus)}; declare them in 'gives'"

    def test_it_reads_only_what_it_needs(
        self, transform: TransformSpec, full: pl.DataFrame, context: PartitionContext
    ) -> None:
        import polars as pl

        wanted = transform.apply(full, context)
        declared = {*transform.needs, *transform.updates}
        bare = full.select(
            pl.int_range(full.height).alias("kit_row"),  # without any column there are no rows
            *[name for name in full.columns if name in declared],
        )
        try:
            found = transform.apply(bare, context)
        except Exception as error:
            raise AssertionError(
                f"given just its 'needs' and 'updates' ({', '.join(sorted(declared)) or 'none'}) "
                f"it fails; declare every column that it reads: {type(error).__name__}: {error}"
            ) from error
        own = [*transform.gives, *transform.updates]
        difference = first_difference(wanted.select(own), found.select(own))
        assert not difference, (
            f"its result depends on columns that it does not declare in 'needs': {difference}"
        )

    def test_the_same_frame_gives_the_same_result(
        self, transform: TransformSpec, full: pl.DataFrame, context: PartitionContext
    ) -> None:
        first = transform.apply(full, context)
        again = transform.apply(full, context)
        difference = first_difference(first, again)
        assert not difference, f"called twice, it answers differently: {difference}"

    def test_cutting_the_frame_changes_nothing(
        self, transform: TransformSpec, full: pl.DataFrame, context: PartitionContext
    ) -> None:
        """Batches are cut anywhere, partitions between contracts."""
        import polars as pl

        whole = transform.apply(full, context)
        if transform.phase == "batch":
            cuts = [(row, 1, context) for row in range(full.height)]
        else:
            cuts = [
                (part.start, part.rows, replace(context, slices=(replace(part, start=0),)))
                for part in context.slices
            ]
        parts = [transform.apply(full.slice(at, rows), own) for at, rows, own in cuts]
        unit = "row" if transform.phase == "batch" else "contract"
        difference = first_difference(whole, pl.concat(parts))
        assert not difference, f"applied to one {unit} at a time, it differs: {difference}"

    def test_types_do_not_depend_on_values(
        self, transform: TransformSpec, full: pl.DataFrame, context: PartitionContext
    ) -> None:
        """Files of one store have one schema, also where a vendor delivers nothing but nulls."""
        import polars as pl

        own = [*transform.gives, *transform.updates]
        nulled = [name for name in transform.needs if name != "timestamp"]
        empty = full.with_columns(pl.lit(None, full.schema[name]).alias(name) for name in nulled)
        found = transform.apply(empty, context).select(own).schema
        wanted = transform.apply(full, context).select(own).schema
        assert found == wanted, f"nulls in {', '.join(nulled)} change the types it gives"

    def test_a_frame_without_rows_is_taken(
        self, transform: TransformSpec, full: pl.DataFrame, context: PartitionContext
    ) -> None:
        """The host asks a partition transform in this way for the types of what it gives."""
        own = [*transform.gives, *transform.updates]
        wanted = transform.apply(full, context).select(own).schema
        if transform.phase == "partition":
            context = replace(context, slices=())
        found = transform.apply(full.clear(), context)
        assert found.height == 0, f"expected no rows, found {found.height}"
        assert found.select(own).schema == wanted, "a frame without rows gives other types"
