"""The host's loops, as ordinary functions: what decides a price, a fill or a profit.

Each file has factories, ``make_...(jit, ...)``, that bind a step and what a variant asks for.
Nothing here imports Numba. With ``jit`` a Numba decorator the functions are compiled: constants of
a closure that are False are pruned before anything is typed, so what a run does not ask for costs
nothing. With :func:`~tickloom.engine.loops.access.as_it_is` the interpreter runs the very same
lines, where a debugger stops in them and every index and division is checked.
"""
