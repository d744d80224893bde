"""Packs as one with very little memory does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tickloom.packing import api
from tickloom.packing.workers.budget import Budget


def with_small_batches(store: Path, folders: Sequence[Path], rows: int, **options: Any) -> None:
    """Pack one folder after another in batches of ``rows`` rows: contracts of more than two
    batches are merged in pieces."""
    original = api.budget_for

    def small(memory: int | None, workers: int | None, *, shares_memory: bool) -> Budget:
        found = original(memory, workers, shares_memory=shares_memory)
        return replace(found, batch_rows=rows, assembly_rows=rows)

    api.budget_for = small
    try:
        for raw in folders:
            api.pack(raw, store, executor="threads", workers=1, **options)
    finally:
        api.budget_for = original
