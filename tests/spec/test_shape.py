from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uplift.spec import read_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_unknown_key_with_place_caret_and_nearest_key(problems: Problems) -> None:
    (problem,) = problems(read_template("minimal").replace("share: 0.8", "shares: 0.8"))
    head, line, caret = str(problem).split("\n")
    assert head == (
        "spec.yaml:11:51: error[unknown_key] arms[1].shares: 'shares' is no key of this block; "
        "did you mean 'share'? allowed: id, name, share, control, offer, touches, plan_cost, expect, value"
    )
    assert caret.index("^") > line.index("shares")  # wide characters stand before it


def test_every_problem_of_the_shape_at_once(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["experiment"] = {"id": 3, "langage": "zh"}
    minimal["arms"][0]["share"] = "0.2"
    minimal["outcomes"] = {"primary": "clv", "window_days": 1.5}
    minimal["privacy"] = {}
    minimal["colour"] = 1
    assert {(problem.code, problem.path) for problem in problems(minimal)} == {
        ("wrong_type", "experiment.id"),
        ("missing_key", "experiment.currency"),
        ("unknown_key", "experiment.langage"),
        ("wrong_type", "arms[0].share"),
        ("unknown_metric", "outcomes.primary"),
        ("wrong_type", "outcomes.window_days"),
        ("not_built", "privacy"),
        ("unknown_key", "colour"),
    }


def test_missing_blocks_point_at_the_file(problems: Problems) -> None:
    found = problems("version: 1\n")
    assert [(problem.code, problem.path, problem.line) for problem in found] == [
        ("missing_key", "experiment", 1),
        ("missing_key", "data", 1),
        ("missing_key", "arms", 1),
    ]
    assert found[0].message == "'experiment' is missing; this block needs: version, experiment, data, arms"


def test_version(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["version"] = 2
    assert [problem.message for problem in problems(minimal)] == ["got 2; allowed: 1"]
    minimal["version"] = "1"
    assert [problem.message for problem in problems(minimal)] == ["got '1'; allowed: 1"]


def test_wrong_kind_of_block(minimal: dict[str, Any], problems: Problems) -> None:
    minimal |= {"data": "u.csv", "arms": {"control": 0.5}, "budget": []}
    assert [(problem.path, problem.message) for problem in problems(minimal)] == [
        ("data", "got 'u.csv'; a mapping is needed"),
        ("arms", "got a mapping; a list is needed"),
        ("budget", "got a list; a mapping is needed"),
    ]


def test_unknown_key_deep_in_a_choice(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["assignment"] = {"holdout": {"share": 0.1, "slat": "x"}}
    minimal["outcomes"] = {"secondary": [{"column": "x", "kind": "rate", "per": "unit"}]}
    assert [(problem.path, problem.message) for problem in problems(minimal)] == [
        ("assignment.holdout.slat", "'slat' is no key of this block; did you mean 'salt'? allowed: share, salt"),
        ("outcomes.secondary[0].per", "'per' is no key of this block; allowed: column, kind, name"),
    ]


def test_part_of_a_condition_has_its_own_place(problems: Problems) -> None:
    text = read_template("coupon").replace("orders_365d: {min: 1}", "orders_365d: {min: 1, maximum: 3}")
    (problem,) = problems(text)
    assert (problem.code, problem.path) == ("unknown_key", "eligible.where.orders_365d.maximum")
    assert problem.source[problem.column - 1 :].startswith("3}")


def test_engines_to_come(minimal: dict[str, Any], problems: Problems) -> None:
    for written, name in ((("spark"), "spark"), ({"postgres": "URL"}, "postgres")):
        minimal["engine"] = written
        (problem,) = problems(minimal)
        assert problem.message == f"engine '{name}' is not built yet in this release; remove it"
    minimal["engine"] = "duckbd"
    assert problems(minimal)[0].message == "got 'duckbd'; did you mean 'duckdb'? allowed: 'duckdb'"


def test_keys_of_a_mapping_of_codes(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["campaign"]["codes"] = {"a b": ["x"]}
    assert [(p.code, p.path) for p in problems(minimal)] == [("bad_id", "campaign.codes.a b")]
