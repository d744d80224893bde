"""What a kernel did wrong, and where: said of the slice first, then of the store."""

from __future__ import annotations

from typing import Final

from tickloom.errors import PluginError

ROW: Final = "\0row\0"
CONTRACT: Final = "\0contract\0"
"""Stand in a failure's text where row and contract are named."""


class KernelFailedError(PluginError):
    """A kernel failed over a slice. Its message counts contracts and rows over the slice; who knows
    the slice says :meth:`placed`."""

    def __init__(self, text: str, contract: int, row: int | None = None, *, raised: bool = False):
        """``text`` has :data:`CONTRACT` in it and, with a ``row``, :data:`ROW`; ``raised`` where
        the author's code raised an exception that the interpreter can show."""
        super().__init__(_told(text, f"contract {contract} of the slice", row))
        self.text = text
        self.contract = contract
        self.row = row
        self.raised = raised

    def adding(self, words: str, row: int | None = None) -> KernelFailedError:
        """The same failure with ``words`` behind what is said of it."""
        row = self.row if row is None else row
        return KernelFailedError(self.text + words, self.contract, row, raised=False)

    def placed(self, contract: str, first_row: int) -> PluginError:
        """The same failure for a user: ``contract`` is the contract's name, ``first_row`` the
        file's row that is row 0 of the slice."""
        row = None if self.row is None else self.row + first_row
        return PluginError(_told(self.text, contract, row))


def _told(text: str, contract: str, row: int | None) -> str:
    return text.replace(CONTRACT, contract).replace(ROW, str(row))
