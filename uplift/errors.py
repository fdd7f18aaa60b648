"""Every error that the toolkit raises on purpose, each with the exit code of the command line.

A message says which input (a place in the spec, an argument, a column), what was got, what is
allowed, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class UpliftError(Exception):
    """Base of all errors that are meant for a user."""

    exit_code: ClassVar[int] = 1


class UsageError(UpliftError):
    """A command or an argument is not of its form."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a spec.

    Parameters
    ----------
    code
        Stable kind of problem, for example ``unknown_key``.
    path
        Dotted path in the spec, for example ``arms[1].share``; empty for the whole file.
    message
        What was got, what is allowed, and the way out.
    file, line, column
        Place in the file; line and column count from 1, and are 0 when there is no file.
    source
        The source line, shown with a caret.
    """

    code: str
    path: str
    message: str
    file: str = "<spec>"
    line: int = 0
    column: int = 0
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f" {self.path}:" if self.path else ""
        head = f"{place}: error[{self.code}]{where} {self.message}"
        if not self.source:
            return head
        return f"{head}\n    {self.source}\n    {caret_indent(self.source, self.column)}^"


def caret_indent(source: str, column: int) -> str:
    """Return the blanks before a caret under ``column``; a wide character takes two columns."""
    before = source[: max(column - 1, 0)]
    return "".join("\t" if char == "\t" else "  " if _is_wide(char) else " " for char in before)


def _is_wide(char: str) -> bool:
    import unicodedata

    return unicodedata.east_asian_width(char) in {"W", "F"}


class SpecError(UpliftError):
    """The spec cannot run; carries every problem of the phase that failed."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(UpliftError):
    """A table cannot be read or does not hold what the spec says."""

    exit_code = 4


class MissingFileError(DataError):
    """A table named by the spec is not there."""


class MissingColumnError(DataError):
    """A column named by the spec is not in its table."""

    @classmethod
    def among(cls, column: str, table: str, available: Iterable[str]) -> MissingColumnError:
        """Name the column, the table, the nearest columns and all that there are."""
        import difflib

        names = [str(name) for name in available]
        near = difflib.get_close_matches(column, names, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ";"
        return cls(f"column '{column}' is not in {table}{hint} columns: {', '.join(names)}")


class DesignError(UpliftError):
    """The units cannot be split as the spec asks."""

    exit_code = 4


class LockError(UpliftError):
    """The locked protocol, the assignment and the analysis do not agree."""

    exit_code = 5


class EstimationError(UpliftError):
    """An effect cannot be computed from these data."""

    exit_code = 5


class SampleRatioError(UpliftError):
    """The arms lost different shares of their units; the verdict is invalid."""

    exit_code = 5


class EngineError(UpliftError):
    """The engine that holds the tables failed."""

    exit_code = 6


class MissingDependencyError(EngineError):
    """A package that this step needs is not installed."""

    @classmethod
    def of(cls, package: str, purpose: str) -> MissingDependencyError:
        """Name the package, what it is for and how to get it."""
        return cls(f"{purpose} needs the package '{package}'; install it with: pip install {package}")
