from __future__ import annotations

import json
import math
from collections.abc import Mapping  # noqa: TC003 - read back from the hints at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from uplift.errors import DataError, MissingFileError
from uplift.results.codec import decode, digest, dump_canonical, encode, load_json
from uplift.results.facts import Note
from uplift.results.money import Amount, Verdict

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    count: int
    ratio: float
    kind: Literal["a", "b"]
    flag: bool = False
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    pair: tuple[int, str] = (0, "")
    maybe: tuple[float, ...] | None = None
    table: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    word: Literal["x", "y"] | None = None


FULL = Outer(
    count=3,
    ratio=0.5,
    kind="b",
    flag=True,
    inner=Inner("one", 2.0),
    many=(Inner("two"), Inner("三", -0.5)),
    pair=(7, "seven"),
    maybe=(1.0, 2.5),
    table={"b": (1.0,), "a": ()},
    word="y",
)


def _through_text(value: object) -> Any:  # noqa: ANN401 - JSON is of any shape
    return json.loads(dump_canonical(value))


def test_a_record_comes_back_as_it_was() -> None:
    assert decode(Outer, _through_text(FULL)) == FULL
    least = Outer(1, 1.0, "a")
    assert decode(Outer, {"count": 1, "ratio": 1, "kind": "a"}) == least
    assert decode(Outer, _through_text(least)) == least


def test_whole_numbers_in_float_fields_stay_floats() -> None:
    found = decode(Outer, {"count": 1, "ratio": 2, "kind": "a", "maybe": [1, 2], "inner": {"name": "n", "value": 3}})
    assert [type(x) for x in (found.ratio, *(found.maybe or ()))] == [float, float, float]
    assert found.inner is not None
    assert isinstance(found.inner.value, float)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_what_is_not_finite_is_null_and_comes_back_as_nan(value: float) -> None:
    assert encode(value) is None
    record = Outer(1, value, "a", inner=Inner("n", value), maybe=(1.0, value))
    text = dump_canonical(record)
    assert b"NaN" not in text
    assert b"Infinity" not in text
    found = decode(Outer, json.loads(text))
    assert math.isnan(found.ratio)
    assert found.inner == Inner("n", None)
    assert math.isnan((found.maybe or ())[1])
    assert dump_canonical(found) == text


def test_numpy_values_are_plain_json() -> None:
    values = {
        "i": np.int64(3),
        "f": np.float64(0.1),
        "b": np.bool_(np.True_),
        "a": np.array([[1.5, np.nan], [2.0, 3.0]]),
    }
    assert encode(values) == {"i": 3, "f": 0.1, "b": True, "a": [[1.5, None], [2.0, 3.0]]}
    assert [type(encode(values[name])) for name in "ifb"] == [int, float, bool]


def test_a_set_has_no_json_form() -> None:
    with pytest.raises(TypeError, match="a set has no JSON form"):
        encode({"x": {1, 2}})


def test_canonical_bytes_do_not_know_the_order_of_keys() -> None:
    one = dump_canonical({"b": 1, "a": {"d": 0.1, "c": "新客"}})
    assert one == dump_canonical({"a": {"c": "新客", "d": 0.1}, "b": 1})
    assert one.decode() == '{\n "a": {\n  "c": "新客",\n  "d": 0.1\n },\n "b": 1\n}\n'
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_shortest_floats_come_back_exactly(rng: np.random.Generator) -> None:
    values = tuple(rng.normal(0, 10.0 ** rng.integers(-12, 12, 200)).tolist())
    assert tuple(_through_text(values)) == values


def test_facts_keep_numbers_words_and_nested_lists() -> None:
    note = Note(
        "x", {"n": 3, "p": 0.5, "whole": 2.0, "s": "s", "no": None, "yes": True, "rows": (("a", 1), ("b", 2.5))}
    )
    found = decode(Note, _through_text(note))
    assert found == note
    assert [type(found.facts[name]) for name in ("n", "whole", "yes")] == [int, float, bool]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"decision": "keep"}, "Verdict: .*missing.*'note'"),
        (
            {"decision": "keep", "note": {"code": "x"}, "mood": 1},
            "unknown field 'mood', allowed: decision, note, moves",
        ),
        ({"decision": "perhaps", "note": {"code": "x"}}, "decision: is 'perhaps', must be one of change, keep, test"),
        ({"decision": "keep", "note": "x"}, r"Verdict\.note: is 'x', must be an object"),
        ({"decision": "keep", "note": {"code": 3}}, r"Note\.code: is 3, must be text"),
        ({"decision": "keep", "note": {"code": "x"}, "moves": {}}, r"moves: is \{\}, must be a list"),
        ({"decision": "keep", "note": {"code": "x"}, "p_loss": "low"}, "p_loss: is 'low', must be a number"),
        (
            {"decision": "keep", "note": {"code": "x"}, "gain": {"estimate": True}},
            r"Amount\.estimate: is True, must be",
        ),
    ],
)
def test_a_wrong_body_is_a_data_error_that_names_the_field(body: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode(Verdict, body)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", 1.5, "must be a whole number"),
        ("count", True, "must be a whole number"),
        ("flag", 1, "must be true or false"),
        ("table", [1], "must be an object"),
        ("pair", [1], "has 1 entries, must have 2"),
        ("many", "x" * 90, f"is '{'x' * 39}..., must be a list"),
    ],
)
def test_a_wrong_value_says_what_must_stand_there(name: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=rf"Outer\.{name}: .*{message}"):
        decode(Outer, {"count": 1, "ratio": 1.0, "kind": "a", name: value})


def test_defaults_fill_what_is_left_out() -> None:
    assert decode(Verdict, {"decision": "keep", "note": {"code": "x"}}).gain == Amount(None)


def test_files_that_hold_no_object_are_data_errors(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(MissingFileError, match=r"x\.json: no such file"):
        load_json(path)
    path.write_text("[1]")
    with pytest.raises(DataError, match="holds a list, must be a JSON object"):
        load_json(path)
    path.write_text("{")
    with pytest.raises(DataError, match=r"x\.json: not JSON"):
        load_json(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not JSON"):
        load_json(path)
    with pytest.raises(DataError, match="cannot be read"):
        load_json(tmp_path)
