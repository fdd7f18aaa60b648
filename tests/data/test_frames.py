from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from uplift.data import Roles, read_units
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIAL = pd.DataFrame(
    {
        "id": ["d", "b", "a", "c", "f", "e"],
        "arm": ["coupon", "none", "none", "coupon", "none", "coupon"],
        "city": ["x", "x", "x", None, None, None],
        "spend": [0.25, 1.0, 2.5, 4.0, 0.0, 3.0],
        "visit": [True, False, True, True, False, True],
    }
)
ROLES = Roles("id", "arm", "none", strata=("city",))


def forms(tmp_path: Path) -> dict[str, Any]:
    TRIAL.to_parquet(tmp_path / "trial.parquet")
    TRIAL.to_csv(tmp_path / "trial.csv", index=False)
    arrow = pa.Table.from_pandas(TRIAL, preserve_index=False)
    return {
        "pandas": TRIAL,
        "categorical": TRIAL.astype({"arm": "category", "city": "category"}),
        "polars": pl.from_arrow(arrow),
        "lazy": pl.from_arrow(arrow).lazy(),  # type: ignore[union-attr]
        "arrow": arrow,
        "batch": arrow.to_batches()[0],
        "reader": arrow.to_reader(),
        "duckdb": duckdb.sql("select * from arrow"),
        "ibis": ibis.memtable(arrow),
        "parquet": tmp_path / "trial.parquet",
        "csv": str(tmp_path / "trial.csv"),
    }


def test_every_kind_of_frame_gives_the_same_units_and_sums(tmp_path: Path) -> None:
    for kind, frame in forms(tmp_path).items():
        units = read_units(frame, ROLES)
        assert units.unit_id.tolist() == list("abcdef"), kind
        assert units.keys.strata == ("unknown", "x")
        assert units.keys.arms == ("none", "coupon")
        assert units.keys.arm.tolist() == [0, 0, 1, 1, 1, 0]
        assert units.names == ("spend", "visit")
        block = units.moments(["spend", "visit"]).merge_folds().block()
        assert [column.grid for column in block.columns] == [1.0, 0.01, 1.0]
        # unknown: f | c, e; x: a, b | d; spend in cents
        assert block.n.tolist() == [1, 2, 2, 1]
        assert block.total.tolist() == [[1, 0, 0], [2, 700, 2], [2, 350, 1], [1, 25, 1]]


def test_hillstrom_means_to_six_digits(data_file: Callable[[str], Path]) -> None:
    units = read_units(data_file("hillstrom/hillstrom.csv.gz"), Roles(None, "segment", "No E-Mail"))
    assert len(units) == 64_000
    assert set(units.unit_id) == {str(number) for number in range(1, 64_001)}
    block = units.moments(["visit", "conversion", "spend"]).merge_folds().block()
    assert block.n.tolist() == [21306, 21307, 21387]
    assert block.total[:, 1].tolist() == [2262, 3894, 3238]
    mean = block.total[:, 1:].astype(float) * [1, 1, 0.01] / block.n[:, None]
    np.testing.assert_allclose(mean[1] - mean[0], [0.076590, 0.006805, 0.769827], atol=5e-7)
    np.testing.assert_allclose(mean[2] - mean[0], [0.045233, 0.003111, 0.424412], atol=5e-7)


def test_row_order_changes_nothing() -> None:
    one, other = (read_units(frame, ROLES) for frame in (TRIAL, TRIAL.sample(frac=1, random_state=1)))
    assert one.keys.fold.tolist() == other.keys.fold.tolist()
    np.testing.assert_array_equal(one.column("spend"), other.column("spend"))
    assert one.moments(["spend"]).cells.tolist() == other.moments(["spend"]).cells.tolist()


def test_clusters_are_added_up_before_anything() -> None:
    """Households g (a, b: 2.5 + 1), h (c, d), i (e), j (f): the size is the number of members."""
    frame = TRIAL.assign(home=["h", "g", "g", "h", "j", "i"], week="w")
    units = read_units(frame, Roles("id", "arm", "none", cluster="home", batch="week"))
    block = units.moments(["spend"]).merge_folds().block()
    assert units.keys.batches == ("w",)
    assert block.n.tolist() == [2, 2]
    assert block.total.tolist() == [[3, 350], [3, 725]]
    assert block.cross.tolist() == [[4 + 1, 2 * 350, 350**2], [4 + 1, 2 * 425 + 300, 425**2 + 300**2]]
    clusters = units.frame().cluster
    assert clusters is not None
    assert clusters.tolist() == [0, 0, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "roles", "text"),
    [
        ({"id": list("aabcde")}, ROLES, "id 'a' stands twice; 1 rows repeat an id"),
        ({"id": [1.0, 2, 3, 4, 5, 6]}, ROLES, "the id column 'id' holds floats .* keep ids as text"),
        ({"id": ["1.2E+18", *"bcdef"]}, ROLES, r"1 ids are not whole, first: '1\.2E\+18'; keep ids as text"),
        ({"id": [None, *"bcdef"]}, ROLES, "1 of 6 ids are missing"),
        ({"arm": [None, *TRIAL["arm"][1:]]}, ROLES, "1 of 6 units have no arm"),
        ({}, Roles("id", "arm", "nobody"), "control_arm == 'nobody', must be one of .*: coupon, none"),
        ({"city": list("xxxxyy")}, Roles("id", "city", "x", strata=("arm",)), None),
        ({"city": list("xyxxxx")}, ROLES, r"stratum 'y' holds one arm only \('none'\), and 1 of 2"),
        ({}, Roles("id", "arm", "none", cluster="city"), "3 of 6 units have no cluster"),
        ({"city": list("pqqppp")}, Roles("id", "arm", "none", cluster="city"), "cluster 'p' lies in more than one arm"),
    ],
)
def test_bad_units_are_refused(changes: dict[str, Any], roles: Roles, text: str | None) -> None:
    frame = TRIAL.assign(**changes)
    if text is None:
        assert read_units(frame, roles).keys.arms == ("x", "y")
        return
    with pytest.raises(DataError, match=text):
        read_units(frame, roles)


def test_frames_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="frame: got a list, must be a pandas or polars frame"):
        read_units([1, 2], ROLES)
    with pytest.raises(DataError, match="has no rows"):
        read_units(TRIAL.head(0), ROLES)
    with pytest.raises(MissingColumnError, match="column 'town' is not in frame"):
        read_units(TRIAL, Roles("id", "arm", "none", strata=("town",)))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([np.nan, 1, 2, 3, np.nan, 5], r"outcome 'y': 2 of 6 values are missing \(NaN\)"),
        ([np.inf, 1, 2, 3, 4, 5], "outcome 'y': 1 of 6 values are infinite"),
        (list("abcdef"), "outcome 'y': holds text, must hold numbers"),
        ([pd.Timestamp("2026-01-01")] * 6, "outcome 'y': holds times, must hold numbers"),
        ([True, None, True, False, True, True], "outcome 'y': 1 of 6 values are missing"),
    ],
)
def test_outcomes_without_numbers_are_refused(values: list[object], text: str) -> None:
    units = read_units(TRIAL.assign(y=pd.Series(values)), ROLES)
    with pytest.raises(DataError, match=text):
        units.moments(["y"])


def test_sums_refuse_weights_and_repeated_or_reserved_names() -> None:
    with pytest.raises(DataError, match="sums know no weights"):
        read_units(TRIAL, Roles("id", "arm", "none", weight="spend")).moments(["spend"])
    units = read_units(TRIAL.assign(size=1), ROLES)
    with pytest.raises(DataError, match="column 'spend' stands twice"):
        units.moments(["spend"], ["spend"])
    with pytest.raises(DataError, match="column 'size' has a reserved name"):
        units.moments(["size"])
    with pytest.raises(MissingColumnError, match="did you mean 'spend'"):
        units.column("spent")


def test_arms_may_be_flags_or_numbers() -> None:
    flags = TRIAL.assign(arm=TRIAL["arm"] == "coupon")
    assert read_units(flags, Roles("id", "arm", control_arm=False)).keys.arms == ("false", "true")
    numbers = TRIAL.assign(arm=[1.0, 0, 0, 1, 0, 1])
    assert read_units(numbers, Roles("id", "arm", control_arm=0)).keys.arms == ("0", "1")
