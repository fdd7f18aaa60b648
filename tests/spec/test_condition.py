from __future__ import annotations

import numpy as np
import pytest
from pydantic_core import PydanticCustomError

from uplift.errors import DataError
from uplift.spec.condition import All, Among, Any_, Not, Range, evaluate, keys, parse_condition, plain, with_levels

COLUMNS = {
    "city": np.array(["沪", "京", None, "杭"], dtype=object),
    "orders": np.array([0, 3, 9, 12]),
    "spend": np.array([np.nan, 10.0, 20.5, 30.0]),
    "vip": np.array([True, False, True, False]),
    "code": np.array(["00123", "123", "7", ""], dtype=object),
}


def held(written: object) -> list[bool]:
    return [bool(value) for value in evaluate(parse_condition(written), COLUMNS)]


def test_grammar() -> None:
    assert parse_condition({"city": "沪"}) == Among("city", ("沪",))
    assert parse_condition({"city": ["沪", "京"]}) == Among("city", ("沪", "京"))
    assert parse_condition({"orders": {"min": 3, "below": 9}}) == Range("orders", min=3, below=9)
    assert parse_condition({"a": 1, "not": {"b": 2}}) == All((Among("a", (1,)), Not(Among("b", (2,)))))
    assert parse_condition({"any_of": [{"a": 1}, {"b": 2}]}) == Any_((Among("a", (1,)), Among("b", (2,))))
    assert parse_condition({}) == All(())
    assert parse_condition(Among("a", (1,))) == Among("a", (1,))


def test_keys_once_in_order() -> None:
    written = {"b": 1, "any_of": [{"a": 1}, {"b": {"min": 2}}], "not": {"c": 3}}
    assert keys(parse_condition(written)) == ("b", "a", "c")


def test_values() -> None:
    assert held({"city": ["沪", "杭"]}) == [True, False, False, True]
    assert held({"orders": [3, 12.0]}) == [False, True, False, True]
    assert held({"vip": True}) == [True, False, True, False]
    assert held({"vip": "true"}) == [True, False, True, False]
    assert held({"orders": "9"}) == [False, False, True, False]
    assert held({"spend": "10"}) == [False, True, False, False]


def test_ids_with_leading_zeros_stay_apart() -> None:
    assert held({"code": "00123"}) == [True, False, False, False]
    assert held({"code": 123}) == [False, True, False, False]


def test_ranges_and_their_ends() -> None:
    assert held({"orders": {"min": 3, "max": 9}}) == [False, True, True, False]
    assert held({"orders": {"above": 3, "below": 12}}) == [False, False, True, False]


def test_null_and_nan_never_match() -> None:
    assert held({"spend": {"min": -1e9}}) == [False, True, True, True]
    assert held({"city": ["nan", "None", "\0"]}) == [False, False, False, False]
    assert held({"not": {"city": "沪"}}) == [False, True, True, True]


def test_and_or_not() -> None:
    assert held({"vip": True, "orders": {"min": 1}}) == [False, False, True, False]
    assert held({"any_of": [{"city": "沪"}, {"orders": {"min": 12}}]}) == [True, False, False, True]
    assert held({}) == [True] * 4
    assert evaluate(All(()), {}).shape == (0,)


def test_row_order_does_not_matter() -> None:
    order = np.array([2, 0, 3, 1])
    shuffled = {key: column[order] for key, column in COLUMNS.items()}
    condition = parse_condition({"any_of": [{"city": "沪"}, {"spend": {"above": 20}}]})
    np.testing.assert_array_equal(evaluate(condition, shuffled), evaluate(condition, COLUMNS)[order])


def test_unknown_column_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"condition on 'citi': .* did you mean 'city'\? there are: city, orders"):
        held({"citi": "沪"})
    with pytest.raises(DataError, match="there is no such column; there are: city"):
        held({"zzz": 1})


def test_range_of_text_is_refused() -> None:
    with pytest.raises(DataError, match="condition on 'city': a range needs numbers"):
        held({"city": {"min": 1}})


@pytest.mark.parametrize(
    ("written", "at", "message"),
    [
        ("x", (), "got 'x'; a condition is a mapping"),
        ({"a": {"min": "3"}}, ("a", "min"), "got '3'; a number is needed"),
        ({"a": {"least": 3}}, ("a", "least"), "got 'least'; a range has min, max, above, below"),
        ({"a": {}}, ("a",), "got an empty range"),
        ({"a": []}, ("a",), "got an empty list"),
        ({"a": None}, ("a",), "got nothing; a value"),
        ({"a": [1, None]}, ("a", 1), "got nothing; a value"),
        ({"any_of": {"a": 1}}, ("any_of",), "got a mapping; any_of needs a list"),
        ({"not": 3}, ("not",), "got 3; a condition is a mapping"),
        ({3: 1}, (3,), "got the key 3; a key is a text"),
        ({(1, 2): 1}, ("(1, 2)",), "a key is a text"),
    ],
)
def test_refusals_name_the_place(written: object, at: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(PydanticCustomError) as error:
        parse_condition(written)
    assert error.value.context is not None
    place, _, told = error.value.context["parts"][0]
    assert place == at
    assert told.startswith(message) or message in told


def test_every_part_is_refused_at_once() -> None:
    with pytest.raises(PydanticCustomError) as error:
        parse_condition({"a": {"min": "3", "max": True}, "any_of": [{"b": None}]})
    assert error.value.context is not None
    assert [part[0] for part in error.value.context["parts"]] == [("a", "min"), ("a", "max"), ("any_of", 0, "b")]


def test_plain_form() -> None:
    written = {"not": {"a": 1}, "any_of": [{"b": {"min": 0}}, {"c": ["x"]}]}
    assert plain(parse_condition(written)) == {
        "all_of": [
            {"not": {"key": "a", "values": [1]}},
            {"any_of": [{"key": "b", "min": 0}, {"key": "c", "values": ["x"]}]},
        ]
    }


def test_levels_are_written_by_id() -> None:
    ids = {"成长客": "growing", "growing": "growing"}
    written = {"stage": ["成长客", "other"], "not": {"stage": "growing"}, "n": {"min": 1}, "x": "成长客"}
    condition = parse_condition(written)
    either = parse_condition({"any_of": [{"stage": "成长客"}, {"x": 1}]})
    assert with_levels(condition, {"stage": ids.get}) == All(
        (
            Among("stage", ("growing", "other")),
            Not(Among("stage", ("growing",))),
            Range("n", min=1),
            Among("x", ("成长客",)),
        )
    )
    assert with_levels(either, {"stage": ids.get}) == Any_((Among("stage", ("growing",)), Among("x", (1,))))
