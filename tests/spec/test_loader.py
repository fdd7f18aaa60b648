from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from uplift.errors import SpecError
from uplift.spec import load_spec, parse_spec, read_template
from uplift.spec.loader import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def refused(file: Path) -> Problem:
    with pytest.raises(SpecError) as error:
        load_spec(file)
    (problem,) = error.value.problems
    return problem


def test_file_keeps_its_text_folder_and_places(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(read_template("minimal"), encoding="utf-8")
    spec = load_spec(str(file))
    assert (spec.text, spec.base_dir) == (read_template("minimal"), tmp_path)
    problem = spec.source.problem("data.orders.margin", "missing_column", "told")
    assert (problem.file, problem.line) == ("spec.yaml", 8)
    assert "margin: {rate: 0.22}" in problem.source


def test_bom_and_windows_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + read_template("minimal").replace("\n", "\r\n").encode())
    assert load_spec(file).text == read_template("minimal")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = refused(tmp_path / "no.yaml")
    assert missing.code == "missing_file"
    assert str(missing).endswith(
        "no.yaml: error[missing_file] there is no such file; check the path, or start with: uplift init"
    )
    assert refused(tmp_path).code == "unreadable"
    file = tmp_path / "spec.yaml"
    for content, code in (
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b"# only a comment\n", "wrong_type"),
        (b"- a\n- b\n", "wrong_type"),
        ("version: 1\ntitle: 生鲜\n".encode("gb18030"), "not_utf8"),
        (b"#" * (MAX_BYTES + 1), "too_large"),
    ):
        file.write_bytes(content)
        assert refused(file).code == code
    file.write_bytes("version: 1\ntitle: 生鲜\n".encode("gb18030"))
    assert refused(file).message == "the file is not UTF-8 (line 2); save it as UTF-8, it may be GB18030 or GBK now"


def test_mapping_has_no_place_and_its_text_loads_again(minimal: dict[str, Any], tmp_path: Path) -> None:
    spec = parse_spec(minimal)
    assert spec.base_dir == Path()
    assert spec.source.problem("arms", "code", "told").line == 0
    assert json.loads(spec.text) == minimal
    (tmp_path / "spec.yaml").write_text(spec.text, encoding="utf-8")
    assert load_spec(tmp_path / "spec.yaml") == spec


def test_mapping_is_asked_for() -> None:
    with pytest.raises(SpecError, match="got str; a mapping is needed: for a file use load_spec"):
        parse_spec("spec.yaml")  # type: ignore[arg-type]


def test_phases_follow_one_another(problems: Callable[[str], list[Problem]]) -> None:
    text = read_template("minimal")
    meaning = text.replace("share: 0.2", "share: 0.3")
    shape = meaning.replace("currency: CNY", "currncy: CNY")
    syntax = shape.replace("version: 1", "version: 1\nversion: 1")
    assert [problem.code for problem in problems(meaning)] == ["share_sum"]
    assert [problem.code for problem in problems(shape)] == ["missing_key", "unknown_key"]
    assert [problem.code for problem in problems(syntax)] == ["duplicate_key"]


def test_problems_stand_in_the_order_of_the_file(problems: Callable[[str], list[Problem]]) -> None:
    text = read_template("coupon").replace("window_days: 90", "window_days: 0").replace("version: 1", "version: 2")
    found = problems(text.replace("share: 0.2}", "share: 20%}"))
    assert [problem.path for problem in found] == ["version", "arms[0].share", "outcomes.window_days"]
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)


def test_mapping_is_not_changed(minimal: Mapping[str, Any]) -> None:
    before = json.dumps(minimal)
    parse_spec(minimal)
    assert json.dumps(minimal) == before


def test_import_loads_no_tables() -> None:
    heavy = "{'pandas', 'ibis', 'duckdb', 'scipy', 'pyarrow', 'statsmodels', 'matplotlib'}"
    script = f"import sys, uplift.spec; raise SystemExit(','.join({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "") or done.stderr == "\n"
