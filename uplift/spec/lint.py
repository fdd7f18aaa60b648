"""Full-width punctuation and tabs where the structure of a spec should stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from uplift.errors import Problem
from uplift.spec.source import Path_, render_path

_PLAIN = {
    "：": ": ",
    "，": ", ",
    "；": ", ",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "\N{FULLWIDTH LEFT CURLY BRACKET}": "{",
    "\N{FULLWIDTH RIGHT CURLY BRACKET}": "}",
    "\N{FULLWIDTH LEFT SQUARE BRACKET}": "[",
    "\N{FULLWIDTH RIGHT SQUARE BRACKET}": "]",
    "【": "[",
    "】": "]",
    "\N{FULLWIDTH NUMBER SIGN}": "#",
    "\N{FULLWIDTH QUOTATION MARK}": '"',
    "\u3000": " ",
}


class Mark(Protocol):
    """A position of the text, from 0."""

    line: int
    column: int
    index: int


@dataclass(frozen=True, slots=True)
class Written:
    """A scalar as it stands in the file.

    Parameters
    ----------
    path
        Where it is in the spec.
    value
        Its text.
    is_plain
        Not in quotes.
    is_key, is_text
        A key; the text of a title, question or name.
    start, end
        Marks of the first character and of the one after the last.
    """

    path: Path_
    value: str
    is_plain: bool
    is_key: bool
    is_text: bool
    start: Mark
    end: Mark


def lint_scalars(written: Iterable[Written], file: str, lines: Sequence[str]) -> list[Problem]:
    """Return a problem for each plain key or value outside running text that holds full-width punctuation.

    Parameters
    ----------
    written
        Every scalar of the file.
    file, lines
        Name and lines of the file.

    Returns
    -------
    list of Problem
        Each with the place of the character, and what to write.
    """
    found = []
    for scalar in written:
        char = next((char for char in scalar.value if char in _PLAIN), None)
        if char and scalar.is_plain and not scalar.is_text:
            offset = scalar.value.index(char) if scalar.start.line == scalar.end.line else 0
            place = (scalar.start.line + 1, scalar.start.column + 1 + offset)
            found.append(_wide(char, scalar.value, render_path(scalar.path), file, place, lines))
    return found


def lint_tabs(text: str, written: Iterable[Written], file: str, lines: Sequence[str]) -> list[Problem]:
    """Return a problem for each line with a tab outside scalars and comments."""
    if "\t" not in text:
        return []
    bare = list(text)
    for scalar in written:
        inside = range(scalar.start.index, scalar.end.index)
        for index in inside:
            bare[index] = bare[index] if bare[index] == "\n" else "x"
    found = []
    for number, line in enumerate("".join(bare).splitlines(), start=1):
        code = line.split("#", 1)[0]
        if code.strip() and "\t" in code:
            found.append(_tab(file, number, code.index("\t") + 1, lines[number - 1]))
    return found


def tabbed_lines(text: str, file: str, stop: tuple[int, int]) -> list[Problem]:
    """Return a problem for each line that a tab indents, when a tab is what the YAML parser stopped at.

    Parameters
    ----------
    text, file
        The whole file and its name.
    stop
        Line and column where the parser gave up.

    Returns
    -------
    list of Problem
        Empty when it gave up for another reason.
    """
    lines = text.splitlines()
    at = lines[stop[0] - 1] if stop[0] <= len(lines) else ""
    if _is_tabbed(at):
        tabbed = [(number, line) for number, line in enumerate(lines, 1) if _is_tabbed(line)]
        return [_tab(file, number, line.index("\t") + 1, line) for number, line in tabbed]
    return [_tab(file, *stop, at)] if at[stop[1] - 1 : stop[1]] == "\t" else []


def wide_lines(text: str, file: str, stop: int) -> list[Problem]:
    """Return a problem for full-width punctuation in the two lines up to ``stop``, outside quotes and comments."""
    lines = text.splitlines()
    found = []
    for number in range(max(1, stop - 1), min(stop, len(lines)) + 1):
        line = lines[number - 1]
        if (wide := next(_wide_columns(line), None)) is not None:
            found.append(_wide(line[wide], line.strip(), "", file, (number, wide + 1), lines))
    return found


def _is_tabbed(line: str) -> bool:
    blank = line[: len(line) - len(line.lstrip())]
    return "\t" in blank


def _wide_columns(line: str) -> Iterator[int]:
    quote = ""
    for column, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in {'"', "'"}:
            quote = char
        elif char == "#" and (column == 0 or line[column - 1] == " "):
            return
        elif char in _PLAIN:
            yield column


def _wide(char: str, value: str, path: str, file: str, place: tuple[int, int], lines: Sequence[str]) -> Problem:
    shown = value if len(value) <= 60 else value[:57] + "..."
    plain = _PLAIN[char]
    message = f"full-width '{char}' in '{shown}'; write '{plain}', or put the whole text in quotes if it is meant"
    return Problem("full_width", path, message, file, *place, lines[place[0] - 1])


def _tab(file: str, line: int, column: int, source: str) -> Problem:
    return Problem("tab", "", "a tab stands in the structure; use spaces", file, line, column, source)
