"""What a number means: its kind, currency, per whom, over how many days, seen or predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["money", "rate", "count", "days", "score"]
Basis = Literal["observed", "predicted", "mixed"]


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit of a number.

    Parameters
    ----------
    kind
        ``rate`` values lie in [0, 1] and are shown as per cent; ``score`` has no unit.
    currency
        ISO code for money, empty otherwise.
    per
        ``assigned`` (per assigned customer), ``treated`` (per treated customer), ``complier`` (per customer
        who received because of the assignment),
        ``total`` (a sum), ``period`` (a sum per budget period) or ``order``.
    days
        Days after assignment that the number covers; 0 when it has no duration.
    basis
        ``observed``, ``predicted`` (beyond the window) or ``mixed``.
    """

    kind: Kind
    currency: str = ""
    per: str = "assigned"
    days: int = 0
    basis: Basis = "observed"
