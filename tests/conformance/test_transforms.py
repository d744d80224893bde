"""The built-in transforms pass the kit that everybody's must pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from tickloom import TransformSpec
from tickloom.host import get_host
from tickloom.testing import TransformTests

OPENING = dt.datetime(2025, 1, 2, 9, 15)


class TestSchema(TransformTests):
    @pytest.fixture
    def transform(self) -> TransformSpec:
        return get_host().transforms.get("schema")

    @pytest.fixture
    def frame(self) -> pl.DataFrame:
        return pl.DataFrame({"timestamp": [OPENING, OPENING], "price": [100, None], "oi": [5.0, 6]})

    @pytest.fixture
    def expected(self) -> Mapping[str, Sequence[Any]]:
        # 2025-01-02 09:15 is 20,090 days and 33,300 seconds after 1970-01-01.
        return {
            "timestamp_ns": [(20_090 * 86_400 + 33_300) * 10**9] * 2,
            "price": [100.0, None],
            "oi": [5, 6],
        }


class TestChangeper(TransformTests):
    @pytest.fixture
    def transform(self) -> TransformSpec:
        return get_host().transforms.get("changeper")

    @pytest.fixture
    def frame(self) -> pl.DataFrame:
        return pl.DataFrame({"changeper": [1.2345, -0.005000001, None]})

    @pytest.fixture
    def expected(self) -> Mapping[str, Sequence[Any]]:
        return {"changeper": [1.23, -0.01, None]}


class TestExpiry(TransformTests):
    @pytest.fixture
    def transform(self) -> TransformSpec:
        return get_host().transforms.get("expiry")

    @pytest.fixture
    def frame(self) -> pl.DataFrame:
        return pl.DataFrame({"price": [1.0, 2.0, 3.0]})

    @pytest.fixture
    def rows_per_contract(self) -> Sequence[int]:
        return (1, 2)

    @pytest.fixture
    def expected(self) -> Mapping[str, Sequence[Any]]:
        return {
            "expiry": [dt.date(2025, 1, 30)] * 3,
            "expiry_type": ["monthly"] * 3,
            "is_monthly": [True] * 3,
            "is_weekly": [False] * 3,
        }


class TestVolDelta(TransformTests):
    @pytest.fixture
    def transform(self) -> TransformSpec:
        return get_host().transforms.get("vol-delta")

    @pytest.fixture
    def frame(self) -> pl.DataFrame:
        return pl.DataFrame({"volume": [10, 15, 4, 9, 100, None, 130]})

    @pytest.fixture
    def rows_per_contract(self) -> Sequence[int]:
        return (4, 3)

    @pytest.fixture
    def expected(self) -> Mapping[str, Sequence[Any]]:
        return {"vol_delta": [0, 5, 0, 5, 0, None, 0]}
