"""How much memory this process has used at most."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_rss() -> int:
    """The highest resident set size of this process so far, bytes."""
    if sys.platform == "linux":
        # getrusage() would count what the parent held before it started this process.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
