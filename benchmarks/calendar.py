"""Calendars: reading trading symbols, and dating contracts."""

from __future__ import annotations

from benchmarks import calibration, sampling, sizes


class Calibration(calibration.Calibration):
    """The host while this topic runs."""


def symbols(count: int) -> list[str]:
    """``count`` symbols of the exchange in its three dialects, all of them listed."""
    months = ("25nov", "25dec", "25o07", "25n04", "25902")
    return [
        f"{underlying}{month}{strike}{right}"
        for strike in range(20_000, 20_000 + 50 * (count // 10), 50)
        for month in months
        for underlying, right in (("nifty", "ce"), ("nifty", "pe"))
    ]


class Names:
    """The calendar ``nse``, over a listing as large as a big archive's folder."""

    repeat = sizes.repeats(3)
    number = 1
    rounds = 1
    timer = sampling.cpu_time

    def setup(self) -> None:
        from tickloom.host import get_host

        self.calendar = get_host().calendars.get("nse").load(None)
        self.symbols = symbols(sizes.scaled(40_000))
        readings = self.calendar.read_names(self.symbols)
        self.contracts = [r.contract for r in readings if r.contract is not None]

    def time_read_names(self) -> None:
        self.calendar.read_names(self.symbols)

    def time_expiry(self) -> None:
        for _ in range(5):
            for contract in self.contracts:
                self.calendar.expiry(contract)
