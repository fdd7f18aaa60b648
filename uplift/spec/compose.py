"""YAML 1.2 to plain data with the place of every part; nothing but plain data can come out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from uplift.errors import Problem, SpecError
from uplift.spec.lint import Written, lint_scalars, lint_tabs, tabbed_lines, wide_lines
from uplift.spec.source import Path_, Place, SourceMap, render_path

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(r"(?=.*[.eE])[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DEPTH = 40
_TEXTS = frozenset({"title", "question", "name", "names"})


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds.

    Parameters
    ----------
    data
        Plain data: mappings with text keys, lists, text, numbers, booleans, None.
    source
        The place of every part.
    """

    data: object
    source: SourceMap


def compose(text: str, file: str = "<spec>") -> Document:
    """Read the text of a spec.

    Parameters
    ----------
    text
        YAML 1.2, one document.
    file
        Name that messages show.

    Returns
    -------
    Document
        The data; dates stay text, and so do numbers with leading zeros and words such as ``on``.

    Raises
    ------
    SpecError
        With every problem of the syntax: broken YAML, duplicate keys, aliases, tags, tabs, and full-width
        punctuation in structure.
    """
    lines = tuple(text.splitlines())
    try:
        events = list(_shallow(YAML(typ="safe", pure=True).parse(text), file, lines))
    except YAMLError as error:
        raise SpecError(_broken(error, text, SourceMap(file, lines))) from None
    builder = _Builder(events=iter(events), text=text)
    data = builder.read()
    source = SourceMap(file, lines, builder.places)
    problems = [*builder.located(file, lines)]
    problems += lint_scalars(builder.written, file, lines)
    problems += lint_tabs(text, builder.written, file, lines)
    if problems:
        raise SpecError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return Document(data, source)


def read_scalar(text: str) -> object:
    """Return what a plain scalar means by the core schema of YAML 1.2, read strictly.

    Parameters
    ----------
    text
        The scalar as written, without quotes.

    Returns
    -------
    object
        None, a boolean, an int, a float, or the text itself: ``0123``, ``0x1F``, ``1_000``, ``on`` and dates
        are text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _SPECIAL.fullmatch(text) else text


@dataclass(slots=True)
class _Builder:
    """Walks the events of one document once, keeping places and what is wrong."""

    events: Iterator[Event]
    text: str
    places: dict[Path_, Place] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    found: list[tuple[Path_, str, str, StringMark]] = field(default_factory=list)

    def located(self, file: str, lines: Sequence[str]) -> Iterator[Problem]:
        for path, code, message, mark in self.found:
            source = lines[mark.line] if mark.line < len(lines) else ""
            yield Problem(code, render_path(path), message, file, mark.line + 1, mark.column + 1, source)

    def read(self) -> object:
        data: object = None
        n_documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                n_documents += 1
                if n_documents == 2:
                    self._refuse((), "two_documents", "a second document starts; a spec is one: remove '---'", event)
                node = self._node(next(self.events), ())
                data = node if n_documents == 1 else data
        return data

    def _node(self, event: Event, path: Path_, key: Event | None = None) -> object:
        self._place(path, event, key or event)
        if not isinstance(event, (ScalarEvent, MappingStartEvent, SequenceStartEvent)):
            self._refuse(path, "alias", "an alias is refused; write the value out", event)
            return None
        if event.tag is not None:
            self._refuse(path, "tag", f"the tag '{event.tag}' is refused; write the plain value", event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event, path)

    def _scalar(self, event: ScalarEvent, path: Path_) -> object:
        plain = event.style is None
        self._note(event, path, is_key=False)
        return read_scalar(event.value) if plain else event.value

    def _sequence(self, path: Path_) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, start: MappingStartEvent, path: Path_) -> dict[str, object]:
        data: dict[str, object] = {}
        last: tuple[str, ScalarEvent] | None = None
        while not isinstance(key := next(self.events), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                self._refuse(path, "bad_key", "a key is a text; a list, mapping or alias cannot be one", key)
                self._drain(key)
                self._node(next(self.events), path)
                continue
            value = next(self.events)
            if start.flow_style and last and self._continues(path, key, value, last[1]):
                data[last[0]] = self.text[last[1].start_mark.index : key.end_mark.index]
            else:
                self._entry(data, key, value, path)
                last = (key.value, value) if isinstance(value, ScalarEvent) and value.style is None else None
        return data

    def _entry(self, data: dict[str, object], key: ScalarEvent, value: Event, path: Path_) -> None:
        inner = (*path, key.value)
        self._note(key, inner, is_key=True)
        if key.value not in data:
            data[key.value] = self._node(value, inner, key)
            return
        first = self.places[inner]
        told = f"the key '{key.value}' is written twice, first in line {first.key_line}; remove one"
        self._refuse(inner, "duplicate_key", told, key)
        self._node(value, inner, key)
        self.places[inner] = first

    def _continues(self, path: Path_, key: ScalarEvent, value: Event, last: ScalarEvent) -> bool:
        """Tell whether a bare word goes on with a name that has a comma: ``{en: Growing, low basket}``."""
        bare = isinstance(value, ScalarEvent) and not value.value and value.start_mark.index == key.end_mark.index
        in_name = bool(path) and path[-1] in _TEXTS and bool(last.value)
        return bare and in_name and key.style is None and "：" not in key.value

    def _drain(self, event: Event) -> None:
        depth = int(isinstance(event, (MappingStartEvent, SequenceStartEvent)))
        while depth:
            inner = next(self.events)
            depth += isinstance(inner, (MappingStartEvent, SequenceStartEvent))
            depth -= isinstance(inner, (MappingEndEvent, SequenceEndEvent))

    def _note(self, event: ScalarEvent, path: Path_, *, is_key: bool) -> None:
        is_text = not is_key and any(part in _TEXTS for part in path)
        self.written.append(
            Written(path, event.value, event.style is None, is_key, is_text, event.start_mark, event.end_mark)
        )

    def _place(self, path: Path_, event: Event, key: Event) -> None:
        at, on = event.start_mark, key.start_mark
        self.places[path] = Place(on.line + 1, on.column + 1, at.line + 1, at.column + 1)

    def _refuse(self, path: Path_, code: str, message: str, event: Event) -> None:
        self.found.append((path, code, message, event.start_mark))


def _shallow(events: Iterable[Event], file: str, lines: Sequence[str]) -> Iterator[Event]:
    """Pass events on; stop at the first that is too deep, since the parser's time grows with the square of depth."""
    depth = 0
    for event in events:
        depth += isinstance(event, (MappingStartEvent, SequenceStartEvent))
        depth -= isinstance(event, (MappingEndEvent, SequenceEndEvent))
        if depth > _DEPTH:
            at = event.start_mark
            told = f"nested deeper than {_DEPTH} levels; a spec needs fewer"
            raise SpecError([Problem("too_deep", "", told, file, at.line + 1, at.column + 1, lines[at.line][:200])])
        yield event


def _broken(error: YAMLError, text: str, source: SourceMap) -> list[Problem]:
    line, column = _spot(error, text)
    if tabs := tabbed_lines(text, source.file, (line, column)):
        return tabs
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    shown = source.lines[line - 1] if line <= len(source.lines) else ""
    fix = "check the indentation, brackets, quotes and the space after ':' up to here"
    stopped = Problem("bad_yaml", "", f"not YAML: {reason}; {fix}", source.file, line, column, shown)
    return [*wide_lines(text, source.file, line), stopped]


def _spot(error: YAMLError, text: str) -> tuple[int, int]:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)
    position = error.position if isinstance(error, ReaderError) else 0
    before = text[:position]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
