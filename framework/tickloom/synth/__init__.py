"""Synthetic raw files that look like the vendor's: for demos, tests and trials."""

from tickloom.synth.raw_files import SynthReport, write_raw

__all__ = ["SynthReport", "write_raw"]
