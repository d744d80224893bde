"""What this package registers with tickloom."""

from collections.abc import Iterable

from tickloom import KernelSpec, hookimpl

TICKLOOM_API_VERSION = 1


@hookimpl
def tickloom_register_kernels() -> Iterable[KernelSpec]:
    """Acme's strategies."""
    from acme_tickloom_momentum.kernel import kernel

    return [kernel]
