"""Where each part of the spec stands in its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from uplift.errors import Problem

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column of a key and of its value, from 1; of an item both are the same."""

    key_line: int
    key_column: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Places of a file by path.

    Parameters
    ----------
    file
        Name as it is shown in messages.
    lines
        The file's lines.
    places
        Path, as keys and indices, to its place.
    """

    file: str = "<spec>"
    lines: tuple[str, ...] = ()
    places: Mapping[Path_, Place] = field(default_factory=dict)

    def problem(self, path: str | Sequence[str | int], code: str, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem with its place; a path that was not written points at its nearest parent.

        Parameters
        ----------
        path
            Keys and indices, or their dotted form ``arms[1].share``.
        code
            Stable kind of problem.
        message
            What was got, what is allowed, what to do.
        at_key
            Point at the key instead of its value.

        Returns
        -------
        Problem
            With line and column 0 when there is no file.
        """
        dotted = path if isinstance(path, str) else render_path(path)
        place, exact = self._find(path)
        if place is None:
            return Problem(code, dotted, message, self.file)
        on_key = at_key or not exact
        line, column = (place.key_line, place.key_column) if on_key else (place.line, place.column)
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        return Problem(code, dotted, message, self.file, line, column, source)

    def _find(self, path: str | Sequence[str | int]) -> tuple[Place | None, bool]:
        parts = self._parts(path) if isinstance(path, str) else tuple(path)
        for length in range(len(parts), -1, -1):
            if parts[:length] in self.places:
                return self.places[parts[:length]], length == len(parts)
        return None, False

    def _parts(self, dotted: str) -> Path_:
        fits = [path for path in self.places if _is_prefix(render_path(path), dotted)]
        best = max(fits, key=lambda path: len(render_path(path)), default=())
        return best if render_path(best) == dotted else (*best, "")


def _is_prefix(head: str, dotted: str) -> bool:
    return dotted.startswith(head) and (len(head) in {0, len(dotted)} or dotted[len(head)] in ".[")


def render_path(path: Sequence[str | int]) -> str:
    """Return a path as it is shown: ``arms[1].share``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")
