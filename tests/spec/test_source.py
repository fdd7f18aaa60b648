from __future__ import annotations

from uplift.spec.compose import compose
from uplift.spec.source import SourceMap, render_path

TEXT = "version: 1\narms:\n  - {id: 对照, share: 0.2}\n  - id: b\n"
SOURCE = compose(TEXT, "spec.yaml").source


def test_value_and_key_of_a_path() -> None:
    value = SOURCE.problem(("arms", 0, "share"), "code", "told")
    key = SOURCE.problem("arms[0].share", "code", "told", at_key=True)
    assert (value.line, value.column) == (3, 21)
    assert (key.line, key.column) == (3, 14)
    assert value.path == key.path == "arms[0].share"
    assert value.source == "  - {id: 对照, share: 0.2}"


def test_missing_path_points_at_its_nearest_parent() -> None:
    for path in (("arms", 1, "share"), "arms[1].share"):
        problem = SOURCE.problem(path, "code", "told")
        assert (problem.path, problem.line, problem.column) == ("arms[1].share", 4, 5)
    assert SOURCE.problem("zzz", "code", "told").line == 1


def test_caret_stands_under_wide_characters() -> None:
    head, line, caret = str(SOURCE.problem(("arms", 0, "share"), "bad", "told")).split("\n")
    assert head == "spec.yaml:3:21: error[bad] arms[0].share: told"
    assert line == "      - {id: 对照, share: 0.2}"
    # 4 of indentation, 20 characters before column 21, 2 more because 对 and 照 are wide
    assert caret == " " * (4 + 20 + 2) + "^"


def test_without_a_file_there_is_no_place() -> None:
    problem = SourceMap().problem("arms[0]", "code", "told")
    assert (problem.file, problem.line, problem.column) == ("<spec>", 0, 0)
    assert str(problem) == "<spec>: error[code] arms[0]: told"


def test_rendered_paths() -> None:
    assert render_path(("arms", 1, "plan_cost", "contact")) == "arms[1].plan_cost.contact"
    assert render_path(()) == ""
