from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.design.rounding import choose_by, round_shares, round_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class Script:
    """Answers by a list of turns, then always yes; remembers the chance of each answer."""

    def __init__(self, turns: tuple[bool, ...]) -> None:
        self.turns = turns
        self.taken: list[tuple[bool, Fraction]] = []

    def __call__(self, p: Fraction, /) -> bool:
        answer = self.turns[len(self.taken)] if len(self.taken) < len(self.turns) else True
        self.taken.append((answer, p if answer else 1 - p))
        return answer


def every_branch(expected: list[list[Fraction]]) -> Iterator[tuple[Fraction, NDArray[np.int64]]]:
    """Every outcome of the walk with its exact chance."""
    waiting: list[tuple[bool, ...]] = [()]
    while waiting:
        script = Script(waiting.pop())
        counts = round_table(expected, script)
        yield prod((p for _, p in script.taken), start=Fraction(1)), counts
        answers = [answer for answer, _ in script.taken]
        waiting += [(*answers[:k], False) for k in range(len(script.turns), len(answers))]


F = Fraction
TABLES = {
    "1x2": [[F(7, 2), F(7, 2)]],
    "1x3": [[F(7, 3), F(7, 3), F(7, 3)]],
    "2x2 halves": [[F(5, 2), F(5, 2)], [F(9, 2), F(9, 2)]],
    "2x2 uneven": [[F(7, 5), F(28, 5)], [F(9, 5), F(36, 5)]],
    "2x3": [[F(13) * p for p in (F(1, 5), F(2, 5), F(2, 5))], [F(17) * p for p in (F(1, 5), F(2, 5), F(2, 5))]],
    "3x2": [[F(n, 3), F(2 * n, 3)] for n in (10, 11, 13)],
    "3x3 fifths": [[F(n) * p for p in (F(1, 5), F(2, 5), F(2, 5))] for n in (11, 13, 17)],
    "3x3 thirds": [[F(n, 3)] * 3 for n in (10, 11, 14)],
    "3x3 shares differ": [[F(7, 2), F(1, 2), F(1)], [F(1, 3), F(1, 3), F(1, 3)], [F(1, 4), F(1, 4), F(3, 2)]],
    "whole": [[F(4), F(6)], [F(2), F(3)]],
}


@pytest.mark.parametrize("name", TABLES)
def test_by_enumeration_every_chance_is_exact(name: str) -> None:
    expected = TABLES[name]
    total = F(0)
    mean: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for chance, counts in every_branch(expected):
        total += chance
        for s, row in enumerate(expected):
            assert counts[s].sum() == sum(row)
            for k, cell in enumerate(row):
                assert abs(int(counts[s, k]) - cell) < 1
                mean[s, k] += chance * int(counts[s, k])
        for k in range(len(expected[0])):
            assert abs(int(counts[:, k].sum()) - sum((row[k] for row in expected), F(0))) < 1
    assert total == 1
    assert all(mean[s, k] == cell for s, row in enumerate(expected) for k, cell in enumerate(row))


def test_arm_totals_stay_within_one_over_many_strata() -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(50, 500, 60)
    shares = [F(1, 7), F(2, 7), F(1, 3), F(5, 21)]
    for _ in range(8):
        counts = round_shares(sizes, shares, choose_by(rng))
        np.testing.assert_array_equal(counts.sum(axis=1), sizes)
        planned = np.array([[float(share) * size for share in shares] for size in sizes])
        assert np.abs(counts - planned).max() < 1
        assert np.abs(counts.sum(axis=0) - planned.sum(axis=0)).max() < 1


def test_the_chooser_is_exact_for_certain_events() -> None:
    choose = choose_by(np.random.default_rng(0))
    assert choose(F(1))
    assert not choose(F(0))
    mean = np.mean([choose(F(1, 3)) for _ in range(3_000)])
    assert abs(mean - 1 / 3) < 0.03
