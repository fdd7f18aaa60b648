"""Tables of results in a notebook: rows as a pandas frame and as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class Table:
    """A result that knows its rows."""

    __slots__ = ()

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per entry."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html(index=False, na_rep="", border=0))
