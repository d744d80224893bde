"""A store's own ticks for the parity check: its longest contracts, from days far apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tickloom.bench.ticks import Ticks
from tickloom.engine.columns.scan import Block, Scan
from tickloom.engine.columns.slices import Slice, check_order, cut
from tickloom.engine.loading.results import ContractFacts
from tickloom.store.api import Partition, Store

PARTITIONS, CONTRACTS, ROWS = 5, 5, 4_000
"""How many partitions, of how many contracts each, and how many ticks of each of them."""


def store_ticks(store: Store, columns: Sequence[str]) -> Ticks:
    """The first ticks of the longest contracts in a few partitions, first and last among them."""
    partitions = store.partitions()
    places = np.unique(np.linspace(0, max(0, len(partitions) - 1), PARTITIONS).astype(int))
    pieces = [_contract(part, columns) for place in places for part in _longest(partitions[place])]
    lengths = [piece.rows for piece in pieces]
    return Ticks(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        {name: np.concatenate([piece.columns[name] for piece in pieces]) for name in columns},
        ContractFacts(
            expiry_day=np.concatenate([piece.facts.expiry_day for piece in pieces]),
            strike=np.concatenate([piece.facts.strike for piece in pieces]),
            is_call=np.concatenate([piece.facts.is_call for piece in pieces]),
        ),
    )


def _longest(partition: Partition) -> list[Slice]:
    """The longest contracts of ``partition``, each as a slice of its own."""
    contracts = partition.contracts()
    check_order(partition.key, contracts)
    chosen = np.sort(np.argsort(-contracts.rows, kind="stable")[:CONTRACTS]).tolist()
    ones = (contracts.where(slice(place, place + 1)) for place in chosen)
    return [
        part
        for one in ones
        for part in cut(0, partition.key, partition.file(), one, int(one.rows[0]))
    ]


def _contract(part: Slice, columns: Sequence[str]) -> Ticks:
    block: Block
    (block,) = Scan(part, columns)
    values = {
        name: column[:ROWS].copy() for name, column in zip(columns, block.columns, strict=True)
    }
    facts = ContractFacts(
        expiry_day=part.expiries, strike=part.strikes, is_call=part.calls.astype(np.int64)
    )
    return Ticks(np.array([0, min(int(part.rows[0]), ROWS)]), values, facts)
