"""How fast a kernel is: the harness of ``tickloom bench`` and of plugins' own asv benchmarks.

``ticks`` makes the rows, ``parity`` checks the results before anything is timed, ``calibration``
says what the host can do just now, ``measurement`` times.
"""
