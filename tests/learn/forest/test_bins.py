"""Features as bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uplift.errors import EstimationError
from uplift.learn.features import read_features
from uplift.learn.forest.bins import MISSING, CategoryBins, NumberBins, fit_bins


def bins_of(
    values: object, *, n_bins: int = 255
) -> tuple[NumberBins | CategoryBins, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    features = read_features(pd.DataFrame({"a": values}))
    binning = fit_bins(features, n_bins=n_bins)
    return binning.columns[0], binning.apply(features)[:, 0]


def test_few_values_keep_a_bin_each_cut_half_way() -> None:
    column, bins = bins_of([3.0, 1.0, 2.0, np.nan, 1.0])
    assert isinstance(column, NumberBins)
    np.testing.assert_array_equal(column.edges, [1.5, 2.5])
    np.testing.assert_array_equal(bins, [2, 0, 1, MISSING, 0])


def test_many_values_are_cut_into_equal_counts() -> None:
    column, bins = bins_of(np.arange(1000.0), n_bins=4)
    np.testing.assert_array_equal(np.bincount(bins), [250] * 4)
    assert column.n_values == 4


def test_a_heavy_value_takes_one_bin_and_the_rest_share_the_others() -> None:
    values = np.concatenate([np.zeros(9_000), np.arange(1.0, 1001.0)])
    _, bins = bins_of(values, n_bins=11)
    np.testing.assert_array_equal(np.bincount(bins), [9_000] + [100] * 10)


def test_a_heavy_value_in_the_middle_stands_alone() -> None:
    values = np.concatenate([np.arange(100.0), np.full(800, 100.0), np.arange(101.0, 201.0)])
    _, bins = bins_of(values, n_bins=5)
    assert len(set(bins[values == 100.0])) == 1
    assert not set(bins[values == 100.0]) & set(bins[values != 100.0])


def test_infinite_and_huge_values_are_values() -> None:
    column, bins = bins_of([-np.inf, -1e308, 0.0, 1e308, np.inf])
    assert isinstance(column, NumberBins)
    np.testing.assert_array_equal(bins, np.arange(5))
    assert np.isfinite(column.edges[1:]).all()


def test_neighbouring_floats_stay_apart() -> None:
    _, bins = bins_of([1.0, np.nextafter(1.0, 2.0)])
    np.testing.assert_array_equal(bins, [0, 1])


@pytest.mark.parametrize("values", [[7.0] * 4, [np.nan] * 4, [None] * 4])
def test_a_column_without_variation_has_one_bin(values: list[object]) -> None:
    column, bins = bins_of(values)
    assert column.n_values == 1
    assert len(set(bins.tolist())) == 1


def test_categories_are_coded_by_label_and_the_unknown_are_missing() -> None:
    features = read_features(pd.DataFrame({"a": ["b", "a", None, "b"]}))
    binning = fit_bins(features)
    np.testing.assert_array_equal(binning.apply(features)[:, 0], [1, 0, MISSING, 1])
    other = read_features(pd.DataFrame({"a": ["z", "a"]}))
    np.testing.assert_array_equal(binning.apply(other)[:, 0], [MISSING, 0])
    assert binning.has_missing.tolist() == [True]


def test_a_hundred_thousand_categories_share_the_last_bin() -> None:
    labels = [f"c{i:06d}" for i in range(100_000)] + ["often"] * 50
    column, bins = bins_of(labels)
    assert isinstance(column, CategoryBins)
    assert column.n_values == 255
    assert (bins == 254).sum() == 100_000 - 253
    assert column.other == 254
    assert "often" in column.codes


def test_row_order_does_not_matter(rng: np.random.Generator) -> None:
    values = rng.gamma(0.5, 30.0, 3_000).round(1)
    order = rng.permutation(3_000)
    np.testing.assert_array_equal(bins_of(values)[1][order], bins_of(values[order])[1])


def test_too_many_bins_or_no_features_are_refused() -> None:
    with pytest.raises(EstimationError, match="n_bins == 300, must be from 2 to 255"):
        fit_bins(read_features([[1.0]]), n_bins=300)
    with pytest.raises(EstimationError, match="X has 0 features, must have from 1 to 65535"):
        fit_bins(read_features(np.empty((3, 0))))
