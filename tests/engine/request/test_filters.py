"""Filters choose partitions and contracts, and say what exists where they choose nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from tickloom.engine.request.filters import Filters, no_contract
from tickloom.errors import StoreError, UsageError
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import ContractColumns
from tickloom.store.partitions.index import ContractRows


@dataclass(frozen=True)
class Stored:
    key: PartitionKey


STORED = [
    Stored(PartitionKey(date(2025, 8, day), underlying))
    for day in (1, 4, 5)
    for underlying in ("BANKNIFTY", "NIFTY")
]


def contract(expiry: date, right: str, strike: float) -> ContractRows:
    return ContractRows(None, expiry, "weekly", right, strike, 0, 1)  # type: ignore[arg-type]


def takes(filters: Filters, *contracts: ContractRows) -> list[float]:
    """The strikes of those of ``contracts`` that ``filters`` select."""
    return filters.contracts(ContractColumns.of(contracts)).strikes.tolist()


def test_without_filters_everything_is_taken() -> None:
    assert Filters().partitions(STORED) == STORED
    assert takes(Filters(), contract(date(2025, 8, 7), "CE", 50_000.0)) == [50_000.0]


def test_days_include_both_ends() -> None:
    chosen = Filters(start=date(2025, 8, 4), end=date(2025, 8, 5)).partitions(STORED)
    assert [str(s.key) for s in chosen] == [
        "2025-08-04/BANKNIFTY",
        "2025-08-04/NIFTY",
        "2025-08-05/BANKNIFTY",
        "2025-08-05/NIFTY",
    ]


def test_underlyings_are_chosen_by_name() -> None:
    chosen = Filters(underlyings=("NIFTY",), end=date(2025, 8, 1)).partitions(STORED)
    assert [str(s.key) for s in chosen] == ["2025-08-01/NIFTY"]


def test_strikes_include_both_ends() -> None:
    filters = Filters(strikes=(100.0, 102.5))
    stored = [contract(date(2025, 8, 7), "PE", s) for s in (99.5, 100.0, 101.0, 102.5, 103.0)]
    assert takes(filters, *stored) == [100.0, 101.0, 102.5]


def test_expiry_and_right_choose_contracts() -> None:
    filters = Filters(expiries=(date(2025, 8, 7),), right="PE")
    near, far = date(2025, 8, 7), date(2025, 8, 14)
    stored = [contract(near, "CE", 1.0), contract(near, "PE", 2.0), contract(far, "PE", 3.0)]
    assert takes(filters, *stored) == [2.0]
    assert takes(Filters(expiries=(far, near)), *stored) == [1.0, 2.0, 3.0]
    assert takes(Filters(right="CE"), *stored) == [1.0]


def test_an_unknown_underlying_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"'FINNIFTY'.*BANKNIFTY, NIFTY"):
        Filters(underlyings=("FINNIFTY",)).partitions(STORED)


def test_days_outside_the_store_name_its_days() -> None:
    with pytest.raises(UsageError, match=r"2025-08-01 to 2025-08-05"):
        Filters(start=date(2026, 1, 1)).partitions(STORED)


def test_a_contract_that_does_not_exist_names_expiries_and_strikes() -> None:
    filters = Filters(expiries=(date(2025, 9, 1),), strikes=(5.0, 6.0))
    error = no_contract(filters, [contract(date(2025, 8, 7), "CE", 100.0)])
    assert str(error) == (
        "no contract with expiry 2025-09-01, strikes 5:6; the selected partitions hold expiries "
        "2025-08-07 and strikes 100 to 100"
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start": date(2025, 8, 5), "end": date(2025, 8, 4)}, "swap --from and --to"),
        ({"strikes": (2.0, 1.0)}, "lower strike first"),
        ({"right": "C"}, "expected CE"),
    ],
)
def test_filters_that_cannot_be_meant_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Filters(**wrong)  # type: ignore[arg-type]


def test_a_store_without_partitions_says_so() -> None:
    with pytest.raises(StoreError, match="no ticks of options; pack raw files"):
        Filters().partitions([])
