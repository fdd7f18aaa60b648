from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_seed_by_default_is_the_first_32_bits_of_the_hashed_id(minimal: dict[str, Any]) -> None:
    first = int.from_bytes(hashlib.sha256(b"fresh").digest()[:4], "big")
    assert parse_spec(minimal).assignment.seed_value == first
    minimal["experiment"]["id"] = "other"
    assert parse_spec(minimal).assignment.seed_value != first
    minimal["assignment"] = {"seed": 7}
    assert parse_spec(minimal).assignment.seed_value == 7


def test_holdout_forms(minimal: dict[str, Any]) -> None:
    expected: list[tuple[object, Fraction, str]] = [
        (None, Fraction(0), "holdout"),
        (0.02, Fraction(1, 50), "holdout"),
        ({"share": "1/20", "salt": "programme"}, Fraction(1, 20), "programme"),
    ]
    for written, share, salt in expected:
        minimal["assignment"] = {"holdout": written}
        drawn = parse_spec(minimal).assignment
        assert (drawn.holdout_share, drawn.holdout_salt) == (share, salt)


@pytest.mark.parametrize("method", ["hash", "rerandomized", "pairs", "bandit", "observed"])
def test_methods_of_the_contract_are_refused_by_name(minimal: dict[str, Any], problems: Problems, method: str) -> None:
    minimal["assignment"] = {"method": method}
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == ("not_built", "assignment.method")
    assert problem.message == f"method '{method}' is not built yet in this release; remove it"


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ({"method": "block"}, "bad_value", "got 'block'; did you mean 'blocked'? allowed: 'blocked' or 'recorded'"),
        ({"seed": -1}, "out_of_range", "got -1; it must be at least 0"),
        ({"seed": 2**63}, "out_of_range", f"got {2**63}; it must be below {2**63}"),
        ({"holdout": 1}, "out_of_range", "got 1; a share lies above 0 and below 1"),
        ({"treated": {}}, "not_built", "'treated' is not built yet in this release; remove it"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, written: dict[str, object], code: str, message: str
) -> None:
    minimal["assignment"] = written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"assignment.{next(iter(written))}")
    assert problem.message == message
