"""Transforms: what happens to ticks between the reader and the writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from tickloom.contracts import Contract, Expiry, Instrument

if TYPE_CHECKING:
    import polars as pl

Phase = Literal["batch", "partition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSlice:
    """Where one contract's rows lie in a frame of the partition phase."""

    contract: Contract
    """The contract."""

    expiry: Expiry
    """When it expires, by the reader's calendar."""

    start: int
    """Its first row in the frame."""

    rows: int
    """Its number of rows; never 0."""

    symbol: str = ""
    """Batch phase: its trading symbol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionContext:
    """What a transform is told about the frame it gets."""

    symbol: str
    """Batch phase: the trading symbol of the batch. Partition phase, and for a batch of many
    contracts: empty."""

    date: date | None
    """Partition phase: the trading day. Batch phase: None, a batch may span days."""

    slices: tuple[ContractSlice, ...]
    """Batch phase: the one contract of the batch, or, for a transform that takes
    ``many_contracts``, several, one after another without a gap. Partition phase:
    the whole contracts of the frame, in store order, one after another without a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec:
    """One step of the pipeline. The host orders transforms by phase, then by ``needs`` and
    ``gives``; two givers of one column are an error."""

    name: str
    """Name for ``plugins list`` and the manifest."""

    summary: str
    """One line for ``plugins list``."""

    phase: Phase
    """``batch``: before the merge, row by row. ``partition``: after it, whole contracts."""

    needs: tuple[str, ...]
    """Columns that it reads."""

    gives: tuple[str, ...]
    """Columns that it adds."""

    updates: tuple[str, ...] = ()
    """Columns that it changes in place."""

    updates_extra: bool = False
    """Whether it also changes a vendor's own columns, beyond the raw ones, whose names it cannot
    know: their types, say."""

    apply: Callable[[pl.DataFrame, PartitionContext], pl.DataFrame]
    """``apply(frame, context)``: the frame with the columns it gives and updates. It keeps every
    row, their order, and all other columns; one that changes or adds what it does not declare is
    refused."""

    many_contracts: bool = False
    """Whether ``apply`` takes batches of several contracts, each with its symbol in the context's
    slices; otherwise the host calls it for each contract. Batch phase only."""

    instruments: tuple[Instrument, ...] = ("option",)
    """What it is applied to. Rows of a ``future`` or ``spot`` have the columns that their vendor
    has: it is left out where one that it needs is not there."""

    version: str = "1"
    """Version of its meaning: a new one makes a store read its sources again."""
