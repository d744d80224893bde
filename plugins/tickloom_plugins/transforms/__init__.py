"""Built-in transforms."""

from __future__ import annotations

from typing import Final

from tickloom import TransformSpec

TRANSFORMS: Final[tuple[TransformSpec, ...]] = ()
