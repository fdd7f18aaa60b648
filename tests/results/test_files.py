from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from uplift.errors import DataError
from uplift.results.files import replacing, write_atomic

if TYPE_CHECKING:
    from pathlib import Path


def test_writes_the_bytes_and_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "报告.json"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomic(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["报告.json"]


def test_the_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_atomic(tmp_path / "x", b"")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o644


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _break_off(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        assert temporary.parent == path.parent
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_atomic(path, b"old")
    with pytest.raises(KeyboardInterrupt):
        _break_off(path)
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["x.json"]
    with pytest.raises(KeyboardInterrupt):
        _break_off(tmp_path / "new.json")
    assert _names(tmp_path) == ["x.json"]


def test_the_old_file_stands_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_atomic(path, b"old")
    with replacing(path) as temporary:
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_a_folder_that_is_a_file_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot be written \(.*\); choose a folder"):
        write_atomic(tmp_path / "file" / "x.json", b"")


def test_a_file_that_is_a_folder_is_a_data_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.json").mkdir()
    with pytest.raises(DataError, match=r"x\.json: cannot be written \(.*directory.*\); choose a file"):
        write_atomic(tmp_path / "x.json", b"")
    assert _names(tmp_path) == ["x.json"]
