"""Readers, a file per kind: each gives the raw columns of a table as the engine sees them."""

from __future__ import annotations

from uplift.data.sources.place import RawTable, Wanted
from uplift.data.sources.read import read_frame, read_source

__all__ = ["RawTable", "Wanted", "read_frame", "read_source"]
