"""Where the ``tickloom`` command begins: next to nothing is imported before Ctrl-C is looked after.

A KeyboardInterrupt in the middle of an import is a traceback that tells nobody anything. Until the
command line is there, SIGINT has the system's own effect: the process is gone, without a word.
"""

from __future__ import annotations

# The module signal makes enums, which takes longer than all that is imported here.
import _signal as signal  # type: ignore[import-not-found]


def main() -> None:
    """Import the command line and run it."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # nohup ignores it
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tickloom.cli.main import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
