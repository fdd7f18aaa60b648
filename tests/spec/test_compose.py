from __future__ import annotations

import math

import pytest

from uplift.errors import Problem, SpecError
from uplift.spec.compose import compose, read_scalar


def refused(text: str) -> list[Problem]:
    with pytest.raises(SpecError) as error:
        compose(text, "spec.yaml")
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("014", "014"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("00123", "00123"),
        ("12:30", "12:30"),
        ("2026-03-02", "2026-03-02"),
        ("40%", "40%"),
        ("1" * 40, "1" * 40),
    ],
)
def test_plain_scalars_by_the_strict_core_schema(text: str, value: object) -> None:
    assert read_scalar(text) == value
    assert type(read_scalar(text)) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(float(str(read_scalar(".nan"))))


def test_quoted_text_stays_text() -> None:
    assert compose("a: '12'\nb: \"true\"\nc: |\n  x\ty\n").data == {"a": "12", "b": "true", "c": "x\ty\n"}


def test_keys_are_text() -> None:
    assert compose("on: 1\n12: 2\n").data == {"on": 1, "12": 2}


def test_name_with_a_comma_in_a_flow_mapping_is_one_text() -> None:
    data = compose("name: {zh: 中频, en: Growing, mid-frequency, low basket}\n").data
    assert data == {"name": {"zh": "中频", "en": "Growing, mid-frequency, low basket"}}


def test_bare_word_outside_a_name_is_a_key() -> None:
    assert compose("where: {a: 1, b}\n").data == {"where": {"a": 1, "b": None}}
    assert compose("name: {zh: 甲, fr: }\n").data == {"name": {"zh": "甲", "fr": None}}


def test_duplicate_keys_each_with_both_lines() -> None:
    problems = refused("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [(p.code, p.path, p.line, p.column) for p in problems] == [
        ("duplicate_key", "b.c", 2, 11),
        ("duplicate_key", "a", 3, 1),
    ]
    assert problems[1].message == "the key 'a' is written twice, first in line 1; remove one"


def test_aliases_are_refused_so_none_expands() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert [(p.code, p.path) for p in refused(bomb)] == [
        ("alias", "b[0]"),
        ("alias", "b[1]"),
        ("alias", "c[0]"),
        ("alias", "c[1]"),
    ]
    assert "write the value out" in refused(bomb)[0].message


def test_tags_are_refused() -> None:
    problems = refused("a: !!python/object:os.system x\nb: !!str 3\n")
    assert [(p.code, p.path) for p in problems] == [("tag", "a"), ("tag", "b")]


def test_second_document_is_refused() -> None:
    assert [p.code for p in refused("a: 1\n---\nb: 2\n")] == ["two_documents"]


def test_keys_that_are_no_text_are_refused() -> None:
    problems = refused("? [a, b]\n: 1\n? {c: 1}\n: 2\nd: 3\n")
    assert [p.code for p in problems] == ["bad_key", "bad_key"]


def test_too_deep_is_refused_without_recursion() -> None:
    problems = refused("a: " + "[" * 3000 + "]" * 3000)
    assert [p.code for p in problems] == ["too_deep"]
    assert problems[0].message == "nested deeper than 40 levels; a spec needs fewer"


def test_broken_yaml_says_where_and_why() -> None:
    (problem,) = refused("a: [1, 2\nb: 3\n")
    assert (problem.code, problem.line, problem.column) == ("bad_yaml", 2, 2)
    assert problem.message.startswith("not YAML: expected ',' or ']'")
    assert problem.source == "b: 3"


def test_control_character_has_its_place() -> None:
    (problem,) = refused("a: 1\nb: x\x07\n")
    assert (problem.code, problem.line, problem.column) == ("bad_yaml", 2, 5)


def test_unfinished_quote() -> None:
    assert refused('a: "x')[0].line == 1
