from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from uplift.results import Measure


def test_defaults_are_an_observed_number_per_assigned_customer() -> None:
    measure = Measure("count")
    assert (measure.currency, measure.per, measure.days, measure.basis) == ("", "assigned", 0, "observed")


def test_measures_are_values() -> None:
    one = Measure("money", "CNY", "treated", 365, "mixed")
    assert one == Measure("money", "CNY", "treated", 365, "mixed")
    assert len({one, Measure("money", "CNY", "treated", 365, "mixed")}) == 1
    assert one != Measure("money", "CNY", "treated", 365)
    with pytest.raises(FrozenInstanceError):
        one.days = 90  # type: ignore[misc]
