"""Shares of arms as exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from uplift.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FINEST = 10**9


def exact_shares(shares: Mapping[str, float | str | Fraction]) -> dict[str, Fraction]:
    """Return shares that sum to exactly 1.

    Parameters
    ----------
    shares
        Arm to its share: a number, ``'1/3'`` or a Fraction, each above 0.

    Returns
    -------
    dict
        In the order given.

    Raises
    ------
    DesignError
        When a share is not above 0, or they do not sum to 1 (within 1e-6).
    """
    exact = {arm: Fraction(share).limit_denominator(_FINEST) for arm, share in shares.items()}
    for arm, share in exact.items():
        if share <= 0:
            message = f"share of arm '{arm}' is {shares[arm]}, must be above 0; leave the arm out to give it nobody"
            raise DesignError(message)
    total = sum(exact.values(), Fraction(0))
    if abs(total - 1) > Fraction(1, 10**6):
        message = f"shares {dict(shares)} sum to {float(total)}, must sum to 1"
        raise DesignError(message)
    return {arm: share / total for arm, share in exact.items()}
