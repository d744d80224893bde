"""What a plugin module needs from the host: the hook marker and the API version."""

from __future__ import annotations

from typing import Final

import pluggy

PROJECT: Final = "tickloom"
"""The pluggy project name, and the entry-point group."""

API_VERSION: Final = 1
"""Version of the plugin API. A plugin module states it as ``TICKLOOM_API_VERSION = 1``."""

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin module as the implementation of a hook."""
