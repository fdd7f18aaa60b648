from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from uplift.results import Effect, Effects, Measure

BASE = Effect(
    outcome="gross_margin",
    measure=Measure("money", "EUR", "assigned", 90),
    estimator="lin",
    estimand="itt",
    arm="sms",
    reference_arm="control",
    by="overall",
    level="",
    estimate=2.0,
    std_error=0.5,
    df=100.0,
    ci_lower=1.0,
    ci_upper=3.0,
    p_value=0.001,
    p_adjusted=None,
    reference_mean=10.0,
    rel_effect=0.2,
    rel_ci_lower=0.1,
    rel_ci_upper=None,
    n_obs=50,
    n_reference=40,
    evidence="A",
)


@pytest.fixture
def effects() -> Effects:
    items = tuple(
        replace(BASE, arm=arm, by=by, level=level, p_value=0.01 * (i + 1))
        for i, (arm, by, level) in enumerate(
            [("sms", "overall", ""), ("push", "overall", ""), ("sms", "stratum", "s<1>"), ("push", "stratum", "s<1>")]
        )
    )
    spread = np.array([[1.0, 0.5], [0.0, 2.0], [0.3, 0.3], [1.0, -1.0]])
    return Effects(items, spread @ spread.T)


def test_is_a_sequence(effects: Effects) -> None:
    assert len(effects) == 4
    assert effects[1].arm == "push"
    assert effects[-1].level == "s<1>"
    assert effects[1:3] == effects.items[1:3]
    assert [item.arm for item in effects] == ["sms", "push", "sms", "push"]
    assert effects[0] in effects


def test_select_takes_the_matching_rows_of_the_covariance(effects: Effects) -> None:
    found = effects.select(arm="push")
    assert [item.by for item in found] == ["overall", "stratum"]
    assert found.covariance == pytest.approx(np.array([[4.0, -2.0], [-2.0, 2.0]]))
    one = effects.select(by="stratum", level="s<1>", arm="sms", reference_arm="control", outcome="gross_margin")
    assert one.items == (effects[2],)
    assert one.covariance == pytest.approx(np.array([[0.18]]))
    assert effects.select().items == effects.items


def test_an_empty_level_is_a_level_and_nothing_found_is_empty(effects: Effects) -> None:
    assert len(effects.select(level="")) == 2
    none = effects.select(outcome="orders")
    assert len(none) == 0
    assert none.covariance.shape == (0, 0)


def test_adjusted_p_values_go_in_their_order(effects: Effects) -> None:
    adjusted = effects.with_adjusted([0.1, 0.2, 0.3, 0.4])
    assert [item.p_adjusted for item in adjusted] == [0.1, 0.2, 0.3, 0.4]
    assert [item.p_adjusted for item in effects] == [None] * 4
    assert adjusted.covariance is effects.covariance
    assert replace(adjusted[3], p_adjusted=None) == effects[3]
    with pytest.raises(ValueError, match="shorter"):
        effects.with_adjusted([0.1])


def test_to_pandas_spreads_the_measure(effects: Effects) -> None:
    frame = effects.to_pandas()
    assert frame.shape == (4, 27)
    assert "measure" not in frame
    first = frame.iloc[0].to_dict()
    assert [first[name] for name in ("kind", "currency", "per", "days", "basis")] == [
        "money",
        "EUR",
        "assigned",
        90,
        "observed",
    ]
    assert frame["estimate"].tolist() == [2.0] * 4
    assert frame["arm"].tolist() == ["sms", "push", "sms", "push"]


def test_no_effects_still_have_columns() -> None:
    empty = Effects((), np.zeros((0, 0)))
    frame = empty.to_pandas()
    assert len(frame) == 0
    assert {"outcome", "estimate", "basis"} <= set(frame.columns)


def test_html_shows_a_row_per_effect_and_escapes(effects: Effects) -> None:
    html = effects._repr_html_()
    assert html.count("<tr>") + html.count("<tr ") == 5
    assert "s&lt;1&gt;" in html
    assert "s<1>" not in html
    assert "gross_margin" in html


def test_joined_effects_keep_their_own_covariance(effects: Effects) -> None:
    joined = Effects.join(
        [effects.select(arm="push"), effects.select(by="overall", arm="sms"), effects.select(arm="x")]
    )
    assert [item.arm for item in joined] == ["push", "push", "sms"]
    assert joined.covariance == pytest.approx(np.array([[4.0, -2.0, 0.0], [-2.0, 2.0, 0.0], [0.0, 0.0, 1.25]]))
    assert len(Effects.join([])) == 0
