"""The lines of a sweep's text that book a fill."""

from __future__ import annotations


def sized_lines() -> list[str]:
    """Book a fill of any size at ``quote``, to ``target``, without costs or log."""
    return [
        "delta = target - position",
        "if position != 0 and (position > 0) != (delta > 0):",
        "    leaving = min(abs(delta), abs(position))",
        "    leaving = leaving if position > 0 else -leaving",
        "    gross += leaving * (quote - entry)",
        "    position -= leaving",
        "    delta += leaving",
        "if delta != 0:",
        "    if position == 0:",
        "        traded += 1",
        "        entry = quote",
        "    else:",
        "        held = entry * abs(position) + quote * abs(delta)",
        "        entry = held / abs(position + delta)",
        "    position += delta",
    ]
