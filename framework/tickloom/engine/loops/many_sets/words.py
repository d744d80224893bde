"""Words of 64 bits, a row each."""

from __future__ import annotations

from typing import Final, NamedTuple

from tickloom.engine.loops.access import Fn

WORD: Final = 64
"""Rows of a word: the bits of an int64."""


class Words(NamedTuple):
    """What can be done with a word. The interpreter's integers have no end: it has its own."""

    bit: Fn
    """``(place)``: the word with that bit alone."""

    above: Fn
    """``(place)``: the word with all higher bits."""

    lowest: Fn
    """``(word)``: the place of the lowest bit of a word that is not 0."""

    rest: Fn
    """``(word)``: a word that is not 0, without its lowest bit."""
