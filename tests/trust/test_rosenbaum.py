from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from uplift.errors import EstimationError
from uplift.trust.rosenbaum import bound_mcnemar, bound_shift, bound_signed_rank

# Lead in the blood of children of exposed and of other parents, Morton et al. (1982) in Rosenbaum (2002), table 4.1.
EXPOSED = "38 23 41 18 37 36 23 62 31 34 24 14 21 17 16 20 15 10 45 39 22 35 49 48 44 35 43 39 34 13 73 25 27"
CONTROL = "16 18 18 24 19 11 10 15 16 18 18 13 19 10 16 16 24 13 9 14 21 19 7 18 19 12 11 22 25 16 13 11 13"


@pytest.fixture
def lead() -> np.ndarray:
    return np.subtract(np.array(EXPOSED.split(), np.float64), np.array(CONTROL.split(), np.float64))


def test_published_lead_table(lead: np.ndarray) -> None:
    found = bound_signed_rank(lead, gammas=(1, 2, 3, 4, 4.25, 5))
    assert found.statistic == 527
    assert found.n_pairs == 33
    assert found.p_values[0] < 0.0001
    assert [round(p, 4) for p in found.p_values[1:]] == [0.0018, 0.0136, 0.0388, 0.0468, 0.0740]


def test_the_breakdown_is_where_the_p_value_is_alpha(lead: np.ndarray) -> None:
    found = bound_signed_rank(lead)
    assert 4.25 < found.breakdown < 5
    assert bound_signed_rank(lead, gammas=(found.breakdown,)).p_values[0] == pytest.approx(0.05, abs=1e-9)


def test_zeros_keep_their_rank(lead: np.ndarray) -> None:
    """Without the pair that is equal the published p-values would not come out."""
    dropped = bound_signed_rank(lead[lead != 0], gammas=(2, 3))
    assert dropped.statistic == 499
    assert [round(p, 5) for p in dropped.p_values] == [0.00177, 0.01306]


def test_by_hand() -> None:
    """Differences 1, 2, -3: ranks 1, 2, 3; T = 3, E = 3, so p = 1/2 without bias."""
    assert bound_signed_rank(np.array([1.0, 2.0, -3.0]), gammas=(1,)).p_values == pytest.approx((0.5,))


def test_nothing_found_breaks_at_once() -> None:
    found = bound_signed_rank(np.array([1.0, -1.0, 2.0, -2.0]))
    assert found.breakdown == 0.0
    assert bound_signed_rank(np.zeros(5)).p_values[0] == 1.0


def test_mcnemar_is_the_binomial_tail() -> None:
    found = bound_mcnemar(70, 40, n_pairs=500, gammas=(1, 1.5))
    assert found.p_values == pytest.approx((binom.sf(69, 110, 0.5), binom.sf(69, 110, 0.6)), rel=1e-10)
    assert 1 < found.breakdown < 1.5
    assert bound_mcnemar(0, 3, n_pairs=10).p_values == (1.0,) * 5
    assert bound_mcnemar(40, 0, n_pairs=40).breakdown == pytest.approx(1 / (0.05 ** (-1 / 40) - 1), rel=1e-6)


def test_shift_without_bias_is_hodges_lehmann(lead: np.ndarray) -> None:
    pairs = [(a + b) / 2 for i, a in enumerate(lead) for b in lead[i:]]
    plain, wider = bound_shift(lead, gamma=1.0), bound_shift(lead, gamma=2.0)
    assert plain.lower == pytest.approx(np.median(pairs), abs=0.26)
    assert plain.lower == plain.upper
    assert wider.lower < plain.lower < wider.upper


def test_invariances(lead: np.ndarray) -> None:
    shuffled = np.random.default_rng(0).permutation(lead) * 100
    assert bound_signed_rank(shuffled).p_values == pytest.approx(bound_signed_rank(lead).p_values)


@pytest.mark.parametrize("values", [np.array([]), np.array([1.0, np.nan])])
def test_bad_pairs(values: np.ndarray) -> None:
    with pytest.raises(EstimationError, match="give the difference of every matched pair"):
        bound_signed_rank(values)


def test_bad_gamma_and_counts() -> None:
    with pytest.raises(EstimationError, match=r"got 0\.5; an odds ratio of hidden bias is at least 1"):
        bound_signed_rank(np.array([1.0]), gammas=(0.5,))
    with pytest.raises(EstimationError, match="do not fit in 5 pairs"):
        bound_mcnemar(4, 3, n_pairs=5)
