"""Built-in transforms: the documented pipeline's, one file each."""

from __future__ import annotations

from typing import Final

from tickloom import TransformSpec
from tickloom_plugins.transforms.changeper import changeper
from tickloom_plugins.transforms.expiry import expiry
from tickloom_plugins.transforms.schema import schema
from tickloom_plugins.transforms.vol_delta import vol_delta

TRANSFORMS: Final[tuple[TransformSpec, ...]] = (schema, changeper, expiry, vol_delta)
