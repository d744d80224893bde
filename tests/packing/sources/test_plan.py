"""How units are dealt to workers."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

from tickloom.contracts import Contract, NameReading
from tickloom.host import get_host
from tickloom.packing.sources.claims import Claim
from tickloom.packing.sources.plan import LARGEST_GROUP, Source, deal
from tickloom.specs import Unit

SEED = 4


def test_neighbours_in_the_store_are_read_together_and_large_groups_first() -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    contracts = [
        Contract(underlying, "monthly", period, right, float(strike))
        for underlying in ("BANKNIFTY", "NIFTY")
        for period in ("2025-08", "2025-09")
        for right in ("CE", "PE")
        for strike in range(50_000, 56_000, 100)
    ]
    shuffled = generator.sample(contracts, len(contracts))
    sources = [a_source(number, generator.randrange(1_000)) for number in range(len(shuffled) + 3)]
    readings = {
        number: NameReading(symbol=str(number), contract=contract)
        for number, contract in enumerate(shuffled)
    }
    groups = deal(sources, readings, workers=2)

    numbers = [unit.number for group in groups for unit in group]
    assert sorted(numbers) == list(range(len(sources)))
    sizes = [sum(sources[unit.number].size for unit in group) for group in groups]
    assert all(before >= after for before, after in pairwise(sizes))
    assert max(map(len, groups)) <= LARGEST_GROUP
    for group in groups:
        places = [contracts.index(shuffled[unit.number]) for unit in group if unit.reading]
        assert places == list(range(places[0], places[0] + len(places)))


def a_source(number: int, size: int) -> Source:
    reader = "tickloom:nse-parquet"
    spec = get_host().readers.get("nse-parquet")
    unit = Unit(paths=(Path(f"{number}.parquet"),), name=str(number))
    return Source(number, str(number), Claim(unit=unit, reader=reader, spec=spec), "", size, {})
