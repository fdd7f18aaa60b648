"""Files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
from contextlib import contextmanager


def write_atomic(path: Path | str, data: bytes) -> None:
    """Write ``data`` so that a reader sees the old file or the whole new one.

    Raises
    ------
    DataError
        When the folder cannot be made or written.
    """
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside ``path`` that takes its place when the block ends well.

    Raises
    ------
    DataError
        When the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose a folder that you may write to"
        raise DataError(message) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _take_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _take_place(temporary: Path, path: Path) -> None:
    try:
        _sync(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose a file that you may write"
        raise DataError(message) from error


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
