"""The tables of a seed stay what they are: what is added later draws from streams of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from uplift.simulate import make_market

if TYPE_CHECKING:
    from uplift.simulate import Campaign, Market

TABLES = ("orders", "refunds", "coupons", "contacts")
KNOWN = {
    "fresh_grocery": ("8234c527222c3f7c", "6ab2be12d4b91120"),
    "null": ("a4174536aa69fd26", "9418deb95c91bf96"),
    "null_costly": ("8234c527222c3f7c", "c3d039ef39685fcc"),
}


def digest(scenario: str, n_customers: int, seed: int) -> tuple[str, str]:
    """Return the first 16 hex digits of the tables before a campaign, and of the rows that it adds."""
    market = make_market(scenario, n_customers=n_customers, seed=seed)
    ids = market.customers["会员ID"].tolist()
    arms = {unit: ("control", "small", "large")[row % 3] for row, unit in enumerate(ids)}
    return _of(market, ("customers", *TABLES)), _of(market.run(arms, follow_up_days=200), TABLES)


def _of(held: Market | Campaign, names: tuple[str, ...]) -> str:
    text = "".join(getattr(held, name).to_csv(index=False) for name in names)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("scenario", KNOWN)
def test_a_seed_gives_the_tables_that_it_always_gave(scenario: str) -> None:
    assert digest(scenario, 200, 11) == KNOWN[scenario]
