"""Every form of an Indian option's name gets its contract, or a reason why not."""

from __future__ import annotations

import pytest

from tickloom import Calendar, CalendarGapError, Contract, UsageError
from tickloom.host import get_host


@pytest.fixture(scope="module")
def nse() -> Calendar:
    return get_host().calendars.get("nse").load(None)


def read(calendar: Calendar, symbol: str, dialect: str = "") -> Contract | None:
    (reading,) = calendar.read_names([symbol], dialect)
    assert reading.symbol == symbol
    assert (reading.contract is None) == bool(reading.error)
    return reading.contract


@pytest.mark.parametrize(
    ("symbol", "contract", "expiry"),
    [
        ("banknifty24nov52100pe", ("BANKNIFTY", "monthly", "2024-11", "PE", 52100), "2024-11-27"),
        ("banknifty2392148300ce", ("BANKNIFTY", "weekly", "2023-09-21", "CE", 48300), "2023-09-20"),
        ("banknifty22n1038700pe", ("BANKNIFTY", "weekly", "2022-11-10", "PE", 38700), "2022-11-10"),
        ("BankNifty24O0153600Ce", ("BANKNIFTY", "weekly", "2024-10-01", "CE", 53600), "2024-10-01"),
        ("banknifty19d0530100ce", ("BANKNIFTY", "weekly", "2019-12-05", "CE", 30100), "2019-12-05"),
        ("nifty204015200ce", ("NIFTY", "weekly", "2020-04-01", "CE", 5200), "2020-04-01"),
        # named by the scheduled day, which was a holiday
        ("nifty204025200ce", ("NIFTY", "weekly", "2020-04-02", "CE", 5200), "2020-04-01"),
        # a weekly name on a monthly's date is that monthly contract
        ("nifty2312515300ce", ("NIFTY", "monthly", "2023-01-25", "CE", 15300), "2023-01-25"),
        # listed for Thursday, re-dated to Wednesday
        ("banknifty2390745800ce", ("BANKNIFTY", "weekly", "2023-09-07", "CE", 45800), "2023-09-06"),
        ("m&m24jul2500ce", ("M&M", "monthly", "2024-07", "CE", 2500), "2024-07-25"),
        ("BAJAJ-AUTO24MAY9400PE", ("BAJAJ-AUTO", "monthly", "2024-05", "PE", 9400), "2024-05-30"),
        ("360ONE25OCT1000CE", ("360ONE", "monthly", "2025-10", "CE", 1000), "2025-10-28"),
        ("NIFTYNXT5025NOV55500CE", ("NIFTYNXT50", "monthly", "2025-11", "CE", 55500), "2025-11-25"),
        ("idea24nov0.5ce", ("IDEA", "monthly", "2024-11", "CE", 0.5), "2024-11-28"),
        ("itc26aug247.5ce", ("ITC", "monthly", "2026-08", "CE", 247.5), "2026-08-25"),
        # SENSEX50, not SENSEX: the day would be 47
        ("SENSEX502471122000CE", ("SENSEX50", "weekly", "2024-07-11", "CE", 22000), "2024-07-11"),
        ("SENSEX2471270400CE", ("SENSEX", "weekly", "2024-07-12", "CE", 70400), "2024-07-12"),
        # the other vendors' forms, where the calendar leaves one reading
        ("NIFTY04APR2423000CE", ("NIFTY", "weekly", "2024-04-04", "CE", 23000), "2024-04-04"),
        ("NIFTY03JUL2523000CE.NFO", ("NIFTY", "weekly", "2025-07-03", "CE", 23000), "2025-07-03"),
        ("M&M30MAY24C2340", ("M&M", "monthly", "2024-05-30", "CE", 2340), "2024-05-30"),
        (
            "OPTIDXBANKNIFTY28-12-2023PE33000.00",
            ("BANKNIFTY", "monthly", "2023-12-28", "PE", 33000),
            "2023-12-28",
        ),
        # day-first would be 24-APR-29 at strike 20: no stock is listed that far ahead
        ("RELIANCE24APR2920CE", ("RELIANCE", "monthly", "2024-04", "CE", 2920), "2024-04-25"),
        # GDFL before 2021: year and month, as others write them without the segment
        ("NIFTY25NOV25700CE.NFO", ("NIFTY", "monthly", "2025-11", "CE", 25700), "2025-11-25"),
        (
            "banknifty20mar28500pe.nfo",
            ("BANKNIFTY", "monthly", "2020-03", "PE", 28500),
            "2020-03-26",
        ),
        ("SENSEX25NOV84000CE.BFO", ("SENSEX", "monthly", "2025-11", "CE", 84000), "2025-11-27"),
        ("NIFTY25N1825700CE.NFO", ("NIFTY", "weekly", "2025-11-18", "CE", 25700), "2025-11-18"),
        ("M&M30MAY24C2340.NFO", ("M&M", "monthly", "2024-05-30", "CE", 2340), "2024-05-30"),
        # day-first would be NIFTY of 2021-08-26 at strike 200
        ("NIFTY26AUG21200CE", ("NIFTY", "monthly", "2026-08", "CE", 21200), "2026-08-25"),
    ],
)
def test_a_name_gets_its_contract(
    nse: Calendar, symbol: str, contract: tuple[object, ...], expiry: str
) -> None:
    found = read(nse, symbol)
    assert found == Contract(*contract)  # type: ignore[arg-type]
    assert found is not None
    assert nse.expiry(found).date.isoformat() == expiry


def test_a_moved_name_keeps_its_own_date_as_scheduled(nse: Calendar) -> None:
    contract = read(nse, "banknifty2390745800ce")
    assert contract is not None
    expiry = nse.expiry(contract)
    assert expiry.scheduled.isoformat() == "2023-09-07"
    assert "before the exchange changed the rule" in expiry.rule


@pytest.mark.parametrize(
    ("symbol", "strikes"),
    [
        ("NIFTY31DEC2626000PE", (2626000, 26000)),
        ("NIFTY21MAR2421500PE", (2421500, 21500)),
        ("NIFTY24DEC2424500CE", (2424500, 24500)),
        ("ICICIBANK27APR23870CE", (23870, 870)),
    ],
)
def test_two_readings_are_reported_and_the_dialect_resolves_them(
    nse: Calendar, symbol: str, strikes: tuple[int, int]
) -> None:
    (reading,) = nse.read_names([symbol])
    assert reading.contract is None
    assert "ambiguous" in reading.error
    year_first, day_first = reading.readings
    assert (year_first.strike, day_first.strike) == strikes
    assert read(nse, symbol, "kite") == year_first
    if symbol == "NIFTY24DEC2424500CE":  # nothing of NIFTY expired on 2024-12-24
        assert read(nse, symbol, "angelone") is None
    else:
        assert read(nse, symbol, "angelone") == day_first


@pytest.mark.parametrize(
    ("symbol", "strike"),
    [
        ("NIFTY25NOV25700CE.NFO", 25700),  # 700 is no strike of NIFTY
        ("NIFTY25NOV2525700CE.NFO", 25700),  # nor is 2525700
        ("NIFTY19DEC1912000CE.NFO", 12000),
        ("RELIANCE20MAR1500CE.NFO", 1500),
        ("RELIANCE26MAR20500CE.NFO", 500),  # since 2021 the day comes first
    ],
)
def test_a_vendor_of_two_forms_is_read_by_strike_and_year(
    nse: Calendar, symbol: str, strike: float
) -> None:
    contract = read(nse, symbol, "gdfl")
    assert contract is not None
    assert contract.strike == strike


@pytest.mark.parametrize("suffix", ["", ".NFO"])
def test_other_names_of_the_listing_tell_the_strike(nse: Calendar, suffix: str) -> None:
    unclear = {"RELIANCE25NOV2560CE": 2560, "NIFTY25NOV2525700PE": 25700}
    clear = ["RELIANCE25NOV1400CE", "RELIANCE25NOV1600PE", "NIFTY25NOV25500CE", "NIFTY25D0226100PE"]
    found = nse.read_names([f"{name}{suffix}" for name in [*unclear, *clear]])
    for reading, strike in zip(found, unclear.values(), strict=False):
        assert reading.contract is not None
        assert reading.contract.strike == strike
        assert "the listing's other names have strikes from" in reading.note
    assert [reading.note for reading in found[2:]] == [""] * 4
    # Strikes of another underlying say nothing, nor do some that both readings are like.
    for others in (
        ["INFY25NOV1400CE", "INFY25NOV1500CE"],
        ["RELIANCE25NOV1400CE"] * 2,
        ["RELIANCE25NOV1400CE", "RELIANCE25NOV100CE"],
    ):
        assert nse.read_names([f"RELIANCE25NOV2560CE{suffix}", *others])[0].contract is None


def test_an_ambiguous_name_comes_with_names_that_are_not(nse: Calendar) -> None:
    (reading,) = nse.read_names(["ICICIBANK27APR23870CE"])
    assert reading.error.endswith("ICICIBANK27APR27C23870 or ICICIBANK27APR23C870")
    assert read(nse, "ICICIBANK27APR23C870") == reading.readings[1]
    clear = read(nse, "ICICIBANK27APR27C23870")
    assert clear is not None
    assert nse.expiry(clear).date == nse.expiry(reading.readings[0]).date


def test_a_dialect_excludes_the_other_forms(nse: Calendar) -> None:
    assert read(nse, "NIFTY25JUL24C24250", "aliceblue") is not None
    assert read(nse, "NIFTY25JUL24C24250", "nse") is None
    assert read(nse, "banknifty22n1038700pe", "angelone") is None
    with pytest.raises(UsageError, match="angelone"):
        nse.read_names(["x"], "zerodah")


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("readme", "expected UNDERLYING YY MMM STRIKE"),
        ("banknifty124nov50000ce", "expected UNDERLYING"),  # a stray digit
        ("nifty24nov0ce", "expected UNDERLYING"),
        ("nifty24nov024000ce", "NIFTY 2002-11-24: no such expiry"),
        ("idea24nov00.5ce", "expected UNDERLYING"),
        ("nifty24nov24000.ce", "expected UNDERLYING"),
        ("nifty_24nov24000ce", "expected UNDERLYING"),
        ("24nov24000ce", "expected UNDERLYING"),
        ("", "expected UNDERLYING"),
        ("nifty2413215000ce", "expected UNDERLYING"),  # 32 January
        ("nifty2411015000ce", "2024-01-10: no such expiry"),  # a Wednesday without expiry
        ("reliance2411115000ce", "expected UNDERLYING"),  # stocks have no weeklies
        ("banknifty24n2050000ce", "no such expiry"),  # after the last weekly
    ],
)
def test_a_name_that_cannot_be_read_is_reported(nse: Calendar, symbol: str, reason: str) -> None:
    (reading,) = nse.read_names([symbol])
    assert reading.contract is None
    assert reason in reading.error


def test_a_missing_month_says_how_to_add_it(nse: Calendar) -> None:
    contract = read(nse, "nifty45jan20000ce")
    assert contract is not None
    with pytest.raises(CalendarGapError, match=r"NIFTY,Monthly,2045-01.*--calendar FILE"):
        nse.expiry(contract)


def test_bse_dates_stocks_by_its_own_rule(nse: Calendar) -> None:
    bse = get_host().calendars.get("bse").load(None)
    for symbol, day in (("M&M24JUL2500CE", "2024-07-11"), ("RELIANCE24AUG2960CE", "2024-08-08")):
        contract = read(bse, symbol)
        assert contract is not None
        assert bse.expiry(contract).date.isoformat() == day
