"""Which files a table is, and what a raw table carries beside its rows."""

from __future__ import annotations

import difflib
import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uplift.errors import DataError, MissingColumnError, MissingFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.data.engine import Table

_SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xlsb": "xlsx",
    ".xls": "xlsx",
    ".ods": "xlsx",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
    ".db": "duckdb",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table as the user names it.

    Parameters
    ----------
    place
        How messages call it, for example ``data.orders``.
    patterns
        Paths or patterns, as written.
    base_dir
        Folder to which they are relative.
    sheet
        Sheet of a workbook, or table of a database file.
    header_row
        Row that holds the column names, from 1.
    encoding
        Encoding of text files; None detects it.
    """

    place: str
    patterns: tuple[str, ...]
    base_dir: Path
    sheet: str | None = None
    header_row: int = 1
    encoding: str | None = None

    def __str__(self) -> str:
        return f"{self.place} ({', '.join(self.patterns)})"


@dataclass(frozen=True, slots=True)
class RawTable:
    """Rows as they were found.

    Parameters
    ----------
    table
        The engine's view of them.
    name
        How messages call it.
    is_text
        Columns came as text without blanks around (CSV, or a mixed column of a workbook), so that
        numbers and flags must still be told from it.
    is_spreadsheet
        Numbers went through a spreadsheet, which keeps 15 digits.
    """

    table: Table
    name: str
    is_text: bool = False
    is_spreadsheet: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.table.columns)

    def require(self, names: Sequence[str]) -> None:
        """Refuse when a column is not there.

        Raises
        ------
        MissingColumnError
            Naming every missing column, the nearest one and all that there are.
        """
        missing = [name for name in names if name not in self.columns]
        if missing:
            found = [str(MissingColumnError.among(name, self.name, self.columns)) for name in missing]
            raise MissingColumnError("\n".join(found))


def resolve(wanted: Wanted) -> tuple[tuple[Path, ...], str]:
    """Return the files of a table, in order of name, and their kind.

    Raises
    ------
    MissingFileError
        When a pattern matches nothing; names it as written and resolved, and near names.
    DataError
        When the kind is unknown, or kinds are mixed.
    """
    paths = tuple(dict.fromkeys(path for pattern in wanted.patterns for path in _matches(pattern, wanted)))
    kinds = {path: _kind(path) for path in paths}
    if None in kinds.values():
        odd = next(path for path, kind in kinds.items() if kind is None)
        message = (
            f"{wanted}: '{odd.name}' is of no known kind; allowed are .parquet, .csv, .tsv, .txt (also .gz), "
            ".xlsx, .xls, .ods, .duckdb"
        )
        raise DataError(message)
    if len(set(kinds.values())) > 1:
        found = ", ".join(sorted({str(kind) for kind in kinds.values()}))
        message = f"{wanted}: files of several kinds ({found}); the files of one table must be of one kind"
        raise DataError(message)
    return paths, str(kinds[paths[0]])


def _kind(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    return _SUFFIXES.get(Path(name).suffix)


def _matches(pattern: str, wanted: Wanted) -> list[Path]:
    whole = wanted.base_dir / pattern
    if whole.is_file():
        return [whole]
    found = glob.glob(pattern, root_dir=wanted.base_dir, recursive=True)  # noqa: PTH207 - takes absolute patterns too
    files = sorted((wanted.base_dir / name for name in found), key=str)
    files = [path for path in files if path.is_file() and not path.name.startswith(("~$", "."))]
    if not files:
        raise MissingFileError(_not_found(pattern, whole, wanted))
    return files


def _not_found(pattern: str, whole: Path, wanted: Wanted) -> str:
    looked = f"{wanted.place}: no file '{pattern}' (looked for {whole})"
    folder = whole.parent
    if not folder.is_dir():
        return f"{looked}; the folder {folder} does not exist: paths are relative to the spec"
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    near = difflib.get_close_matches(whole.name, names, n=3, cutoff=0.5)
    if near:
        return f"{looked}; did you mean {' or '.join(repr(name) for name in near)}?"
    shown = ", ".join(names[:10]) if names else "no files"
    return f"{looked}; the folder holds: {shown}"
