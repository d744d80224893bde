"""Charges and lot sizes by date, against sums worked out by hand from the published rates."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

import numpy as np
import pytest
from tests.engine import scripted
from tests.oracles.charges import contract_note

from tickloom.engine.loading.kernel import CostTerms, FillModel, Variant, load_kernel
from tickloom.engine.orders import CostModel, parse_costs
from tickloom.engine.orders.charges import charges, charges_on, lots, lots_on
from tickloom.errors import UsageError


def days(*expiries: str) -> np.ndarray:
    return np.array([np.datetime64(text, "D").astype(np.int64) for text in expiries])


@pytest.mark.parametrize(
    ("underlying", "day", "expiry", "lot"),
    [
        ("NIFTY", "2021-04-29", "2021-07-29", 75),
        ("NIFTY", "2021-05-03", "2021-06-24", 75),
        ("NIFTY", "2021-05-03", "2021-07-29", 50),
        ("NIFTY", "2021-05-03", "2021-08-05", 50),
        ("NIFTY", "2021-06-24", "2021-12-30", 75),
        ("NIFTY", "2021-06-25", "2021-12-30", 50),
        ("NIFTY", "2024-04-25", "2024-05-02", 50),
        ("NIFTY", "2024-04-26", "2024-05-02", 25),
        ("NIFTY", "2024-12-02", "2024-12-26", 25),
        ("NIFTY", "2024-12-02", "2025-01-02", 75),
        ("NIFTY", "2024-12-02", "2025-01-30", 25),
        ("NIFTY", "2024-12-02", "2025-02-27", 75),
        ("NIFTY", "2024-12-02", "2025-03-27", 25),
        ("NIFTY", "2024-12-30", "2025-03-27", 75),
        ("NIFTY", "2025-08-01", "2025-08-07", 75),
        ("NIFTY", "2025-10-28", "2026-01-27", 75),
        ("NIFTY", "2025-10-29", "2026-01-27", 65),
        ("NIFTY", "2025-12-30", "2025-12-30", 75),
        ("NIFTY", "2025-12-30", "2026-01-06", 65),
        ("NIFTY", "2025-12-30", "2026-03-30", 75),
        ("NIFTY", "2025-12-31", "2026-03-30", 65),
        ("NIFTY", "2026-01-02", "2026-01-06", 65),
        ("BANKNIFTY", "2020-07-20", "2020-07-23", 20),
        ("BANKNIFTY", "2020-07-20", "2020-07-30", 25),
        ("BANKNIFTY", "2023-05-02", "2023-06-29", 25),
        ("BANKNIFTY", "2023-05-02", "2023-07-27", 15),
        ("BANKNIFTY", "2023-06-29", "2023-09-28", 25),
        ("BANKNIFTY", "2023-06-30", "2023-09-28", 15),
        ("BANKNIFTY", "2023-08-01", "2023-08-03", 15),
        ("BANKNIFTY", "2024-12-02", "2025-01-30", 15),
        ("BANKNIFTY", "2024-12-02", "2025-02-27", 30),
        ("BANKNIFTY", "2024-12-24", "2025-03-27", 15),
        ("BANKNIFTY", "2024-12-26", "2025-03-27", 30),
        ("BANKNIFTY", "2025-05-02", "2025-06-26", 30),
        ("banknifty", "2025-08-01", "2025-08-28", 35),
        ("BANKNIFTY", "2025-10-29", "2025-12-30", 35),
        ("BANKNIFTY", "2025-10-29", "2026-01-27", 30),
        ("BANKNIFTY", "2025-12-30", "2026-03-30", 35),
        ("BANKNIFTY", "2025-12-31", "2026-03-30", 30),
        ("BANKNIFTY", "2026-01-05", "2026-01-27", 30),
        ("FINNIFTY", "2021-01-11", "2021-01-14", 40),
        ("FINNIFTY", "2024-07-01", "2024-07-23", 40),
        ("FINNIFTY", "2024-07-01", "2024-07-30", 25),
        ("FINNIFTY", "2024-12-02", "2025-01-28", 25),
        ("FINNIFTY", "2024-12-02", "2025-02-25", 65),
        ("FINNIFTY", "2025-12-01", "2025-12-30", 65),
        ("FINNIFTY", "2025-12-01", "2026-01-27", 60),
        ("MIDCPNIFTY", "2022-01-24", "2022-01-25", 75),
        ("MIDCPNIFTY", "2024-07-01", "2024-07-22", 75),
        ("MIDCPNIFTY", "2024-07-01", "2024-07-29", 50),
        ("MIDCPNIFTY", "2024-12-02", "2025-01-27", 50),
        ("MIDCPNIFTY", "2024-12-02", "2025-02-24", 120),
        ("MIDCPNIFTY", "2025-06-02", "2025-06-26", 120),
        ("MIDCPNIFTY", "2025-06-02", "2025-07-31", 140),
        ("MIDCPNIFTY", "2025-12-01", "2025-12-30", 140),
        ("MIDCPNIFTY", "2025-12-01", "2026-01-27", 120),
        ("NIFTYNXT50", "2024-04-24", "2024-05-31", 10),
        ("NIFTYNXT50", "2024-12-02", "2025-01-31", 10),
        ("NIFTYNXT50", "2024-12-02", "2025-02-28", 25),
    ],
)
def test_a_contract_keeps_its_lot_size(underlying: str, day: str, expiry: str, lot: float) -> None:
    assert lots_on(underlying, date.fromisoformat(day), days(expiry)).tolist() == [lot]


def test_each_contract_of_a_day_has_its_own_lot_size() -> None:
    found = lots_on("NIFTY", date(2024, 12, 2), days("2024-12-26", "2025-01-02", "2025-01-30"))
    assert found.tolist() == [25, 75, 25]


@pytest.mark.parametrize(
    ("day", "stt", "exchange", "protection", "sebi", "gst_sebi"),
    [
        ("2020-07-01", 0.0005, 0.0005, 1e-9, 5e-7, 0),
        ("2020-12-31", 0.0005, 0.0005, 1e-9, 5e-7, 0),
        ("2021-01-01", 0.0005, 0.00053, 1e-9, 5e-7, 0),
        ("2021-03-31", 0.0005, 0.00053, 1e-9, 5e-7, 0),
        ("2021-04-01", 0.0005, 0.00053, 1e-9, 1e-6, 0),
        ("2022-07-17", 0.0005, 0.00053, 1e-9, 1e-6, 0),
        ("2022-07-18", 0.0005, 0.00053, 1e-9, 1e-6, 0.18),
        ("2023-03-31", 0.0005, 0.00053, 1e-9, 1e-6, 0.18),
        ("2023-04-01", 0.000625, 0.0005, 5e-6, 1e-6, 0.18),
        ("2024-03-31", 0.000625, 0.0005, 5e-6, 1e-6, 0.18),
        ("2024-04-01", 0.000625, 0.000495, 5e-6, 1e-6, 0.18),
        ("2024-09-30", 0.000625, 0.000495, 5e-6, 1e-6, 0.18),
        ("2024-10-01", 0.001, 0.0003503, 5e-6, 1e-6, 0.18),
        ("2026-02-28", 0.001, 0.0003503, 5e-6, 1e-6, 0.18),
        ("2026-03-01", 0.001, 0.000355299, 1e-9, 1e-6, 0.18),
        ("2026-03-31", 0.001, 0.000355299, 1e-9, 1e-6, 0.18),
        ("2026-04-01", 0.0015, 0.000355299, 1e-9, 1e-6, 0.18),
    ],
)
def test_charges_change_on_their_day(
    day: str, stt: float, exchange: float, protection: float, sebi: float, gst_sebi: float
) -> None:
    found = charges_on(date.fromisoformat(day))
    assert (found.stt, found.exchange) == (stt, exchange)
    assert (found.investor_protection, found.sebi) == (protection, sebi)
    assert (found.gst, found.gst_sebi) == (0.18, gst_sebi)


def test_every_day_pays_what_the_circulars_say() -> None:
    model = CostModel(nse=True, brokerage=20.0, lot=1)
    for ordinal in range(date(2020, 7, 1).toordinal(), date(2026, 12, 31).toordinal() + 1):
        day = date.fromordinal(ordinal)
        terms = model.terms("NIFTY", day, days("2027-12-28"))
        for side, rate in (("buy", terms.buy_rate), ("sell", terms.sell_rate)):
            expected = contract_note(day, side, 1_000_000.0, 20.0)
            assert terms.per_order + 1_000_000.0 * rate == pytest.approx(expected, rel=1e-12), day


def test_the_tables_are_in_order_and_name_their_sources() -> None:
    starts = [row.start for row in charges()]
    assert starts == sorted(set(starts))
    for underlying in {row.underlying for row in lots()}:
        rows = [row.start for row in lots() if row.underlying == underlying]
        assert rows == sorted(rows)
    for table in ("nse_charges.csv", "nse_lots.csv"):
        text = files("tickloom.engine.orders").joinpath(table).read_text("utf-8")
        assert "unverified" not in text
        for row in csv.DictReader(line for line in text.splitlines() if line[0] != "#"):
            assert any(character.isdigit() for character in row["source"]), row


def test_a_round_trip_pays_what_a_contract_note_says() -> None:
    # One BANKNIFTY contract of 35 on 2025-08-01, bought at 400, sold at 410, rupees:
    # premiums 14,000 and 14,350; exchange 0.03503%, SEBI 0.0001%, GST 18% on those and on the
    # brokerage of 20, investor protection 0.0005%; stamp duty 0.003% on the purchase, STT 0.1% on
    # the sale.
    bought = 20 + 4.9042 + 0.014 + 0.18 * 24.9182 + 0.07 + 0.42
    sold = 20 + 5.026805 + 0.01435 + 0.18 * 25.041155 + 0.07175 + 14.35
    model = parse_costs("nse")
    assert model is not None
    terms = model.terms("BANKNIFTY", date(2025, 8, 1), days("2025-08-28"))
    kernel = load_kernel(scripted.ARRAY, Variant.of(FillModel(), costs=True))
    prices, wanted = np.array([399.0, 400.0, 410.0]), np.array([0, 1, 0])
    results = kernel(scripted.Params(), np.array([0, 3]), [prices, wanted], costs=terms)
    assert results.costs[0] == pytest.approx(bought + sold, rel=1e-12)
    assert results.pnl[0] == pytest.approx(350 - bought - sold, rel=1e-12)


def test_the_multiplier_may_differ_from_contract_to_contract() -> None:
    kernel = load_kernel(scripted.ARRAY, Variant.of(FillModel(), costs=True))
    prices, wanted = np.array([1.0, 2.0, 4.0] * 2), np.array([0, 1, 0] * 2)
    terms = CostTerms(multiplier=np.array([25.0, 75.0]), per_contract=1.5)
    results = kernel(scripted.Params(), np.array([0, 3, 6]), [prices, wanted], costs=terms)
    assert results.pnl.tolist() == [2 * 25 - 3, 2 * 75 - 3]


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("none", None),
        ("nse", CostModel(nse=True, brokerage=20.0)),
        ("nse,brokerage=0", CostModel(nse=True)),
        ("fee=1.5,lot=75", CostModel(fee=1.5, lot=75)),
        ("nse, lot=10", CostModel(nse=True, brokerage=20.0, lot=10)),
    ],
)
def test_costs_are_read(text: str, model: CostModel | None) -> None:
    assert parse_costs(text) == model


@pytest.mark.parametrize("text", ["", "bse", "fee", "fee=x", "fee=-1", "fee=nan", "nse,tax=1"])
def test_costs_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="costs must be 'none', 'nse'"):
        parse_costs(text)


def test_what_the_tables_do_not_have_is_said() -> None:
    with pytest.raises(UsageError, match="charges starts on 2020-07-01; 2019-01-01 is earlier"):
        charges_on(date(2019, 1, 1))
    with pytest.raises(
        UsageError,
        match="lot sizes of GOOG are not known; known are BANKNIFTY, FINNIFTY, MIDCPNIFTY,",
    ):
        lots_on("GOOG", date(2025, 8, 1), days("2025-08-28"))
    with pytest.raises(UsageError, match="start with 2020-07-01; 2020-06-30 is earlier"):
        lots_on("NIFTY", date(2020, 6, 30), days("2020-07-30"))
