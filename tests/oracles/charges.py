"""What one fill of an NSE option pays, as the circulars say it: rupees per lakh and per crore."""

from __future__ import annotations

from datetime import date

LAKH = 100_000
CRORE = 100 * LAKH


def contract_note(day: date, side: str, premium: float, brokerage: float) -> float:
    """Rupees for a fill of ``premium`` rupees; ``side`` is ``buy`` or ``sell``."""
    exchange = premium / LAKH * exchange_per_lakh(day)
    protection = premium / CRORE * (50 if date(2023, 4, 1) <= day < date(2026, 3, 1) else 0.01)
    sebi = premium / CRORE * (10 if day >= date(2021, 4, 1) else 5)
    taxed = brokerage + exchange
    if day >= date(2022, 7, 18):
        taxed += sebi
    duty = premium * 0.003 / 100 if side == "buy" else premium * stt_percent(day) / 100
    return brokerage + exchange + protection + sebi + duty + taxed * 18 / 100


def exchange_per_lakh(day: date) -> float:
    """NSE's charge, rupees per lakh of premium."""
    if day >= date(2026, 3, 1):
        return 35.5299
    if day >= date(2024, 10, 1):
        return 35.03
    if day >= date(2024, 4, 1):
        return 49.50
    if day >= date(2023, 4, 1):
        return 50
    if day >= date(2021, 1, 1):
        return 53
    return 50


def stt_percent(day: date) -> float:
    """Securities transaction tax on a sale, percent of the premium."""
    if day >= date(2026, 4, 1):
        return 0.15
    if day >= date(2024, 10, 1):
        return 0.1
    if day >= date(2023, 4, 1):
        return 0.0625
    return 0.05
