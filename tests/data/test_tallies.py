from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.data import FactWindow, open_warehouse
from uplift.data.facts import STEPPED
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from uplift.spec import ExperimentSpec

    SpecOf = Callable[..., ExperimentSpec]
    Shop = dict[str, pd.DataFrame]

START = datetime(2026, 1, 10)


@pytest.mark.parametrize("name", sorted(STEPPED))
def test_steps_are_the_facts_of_their_own_windows(spec_of: SpecOf, shop: Shop, name: str) -> None:
    """Each step without discounting is the fact of its days; 160 days make two steps of 60 and one of 40."""
    spec = spec_of(
        orders={"margin": "margin", "platform": "platform"}, eligible={"where": {"platform": "京东", "city": "京"}}
    )
    with open_warehouse(spec, tables=shop) as warehouse:
        ids = warehouse.units(()).unit_id
        t0 = np.array([START + timedelta(days=place % 3) for place in range(len(ids))], "datetime64[us]")
        steps = warehouse.weekly_facts(ids, FactWindow(t0, -160, 0, settle_days=400), name=name, step_days=60)
        borders = ((-160, -100), (-100, -40), (-40, 0))
        windows = [FactWindow(t0, low, high, settle_days=400) for low, high in borders]
        each = [warehouse.facts(ids, window, names=(name,))[name] for window in windows]
    np.testing.assert_array_equal(steps, np.column_stack(each))
    assert steps.shape == (len(ids), 3)
    assert steps.any()


@pytest.mark.parametrize("name", ["gross_margin", "returned_margin", "subsidy", "orders"])
def test_steps_add_up_to_the_discounted_fact(spec_of: SpecOf, shop: Shop, name: str) -> None:
    window = FactWindow(START, 0, 90, through=datetime(2026, 3, 20), settle_days=10, annual_discount_rate=0.2)
    with open_warehouse(spec_of(orders={"margin": "margin"}), tables=shop) as warehouse:
        ids = warehouse.units(()).unit_id[::-1]
        whole = warehouse.facts(ids, window)[name]
        np.testing.assert_allclose(warehouse.weekly_facts(ids, window, name=name).sum(1), whole, atol=1e-9)
        assert warehouse.weekly_facts(ids, window, name=name, step_days=30).shape == (len(ids), 3)


def test_steps_of_what_is_no_sum_or_not_there_are_refused(spec_of: SpecOf, shop: Shop) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    window = FactWindow(START, 0, 90)
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        ids = warehouse.units(()).unit_id
        with pytest.raises(DataError, match="name == 'last_order_days', must be one of: complaints, contact_cost"):
            warehouse.weekly_facts(ids, window, name="last_order_days")
        with pytest.raises(DataError, match="step_days == 0, must be 1 or more"):
            warehouse.weekly_facts(ids, window, name="orders", step_days=0)
        with pytest.raises(MissingColumnError, match=r"'subsidy' is not known: the spec has no data\.coupons"):
            warehouse.weekly_facts(ids, window, name="subsidy")
