"""From a file or a mapping to a spec that can run, or to every problem of the first phase that fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from uplift.errors import Problem, SpecError
from uplift.spec.compose import compose
from uplift.spec.meaning import check_meaning
from uplift.spec.model import ExperimentSpec, Origin, written
from uplift.spec.shape import refuse_shape
from uplift.spec.source import SourceMap

MAX_BYTES = 1_000_000


def load_spec(path: str | Path) -> ExperimentSpec:
    """Read a spec from a YAML file.

    Parameters
    ----------
    path
        The file, in UTF-8, at most 1 MB; tables are relative to its folder.

    Returns
    -------
    ExperimentSpec
        A spec of the right shape and meaning.

    Raises
    ------
    SpecError
        With every problem of the first phase that fails: file and syntax, then shape, then meaning.
    """
    file = Path(path)
    text = _read(file)
    document = compose(text, file.name)
    if not isinstance(document.data, Mapping):
        told = "the file holds no mapping; a spec starts with 'version: 1' and the blocks of the contract"
        raise SpecError([document.source.problem((), "wrong_type", told)])
    return _build(document.data, Origin(document.source, file.absolute().parent, text))


def parse_spec(mapping: Mapping[str, object]) -> ExperimentSpec:
    """Return the spec that a mapping writes; tables are relative to the working folder.

    Parameters
    ----------
    mapping
        The blocks of the contract as plain data.

    Returns
    -------
    ExperimentSpec
        A spec of the right shape and meaning.

    Raises
    ------
    SpecError
        With every problem of the shape, or else of the meaning; no place, since there is no file.
    """
    if not isinstance(mapping, Mapping):
        told = f"got {type(mapping).__name__}; a mapping is needed: for a file use load_spec"
        raise SpecError([Problem("wrong_type", "", told)])
    return _build(dict(mapping), Origin(SourceMap(), Path(), written(mapping)))


def _build(data: Mapping[str, object], origin: Origin) -> ExperimentSpec:
    try:
        spec = ExperimentSpec.model_validate(data)
    except ValidationError as error:
        raise refuse_shape(error, ExperimentSpec, origin.source) from None
    spec = spec.with_origin(origin)
    problems = [origin.source.problem(*part) for part in check_meaning(spec)]
    if problems:
        raise SpecError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return spec


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise _refused(file, "too_large", "the file is larger than 1 MB; a spec is a few pages")
        content = file.read_bytes()
    except FileNotFoundError:
        told = "there is no such file; check the path, or start with: uplift init"
        raise _refused(file, "missing_file", told) from None
    except OSError as error:
        raise _refused(file, "unreadable", f"the file cannot be read: {error.strerror}") from None
    text = _decode(file, content)
    if not text.strip():
        raise _refused(file, "empty_file", "the file is empty; start with: uplift init")
    return text


def _decode(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        told = f"the file is not UTF-8 (line {line}); save it as UTF-8, it may be GB18030 or GBK now"
        raise _refused(file, "not_utf8", told) from None


def _refused(file: Path, code: str, message: str) -> SpecError:
    return SpecError([Problem(code, "", message, str(file))])
