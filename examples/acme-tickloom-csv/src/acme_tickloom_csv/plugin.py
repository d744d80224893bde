"""What this package registers with tickloom."""

from collections.abc import Iterable

from tickloom import ReaderSpec, hookimpl

TICKLOOM_API_VERSION = 1


@hookimpl
def tickloom_register_readers() -> Iterable[ReaderSpec]:
    """The reader of Acme's files."""
    from acme_tickloom_csv.reader import reader

    return [reader]
