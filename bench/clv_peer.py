"""One peer's fit of BG/NBD, run by bench/clv.py in the peer's own environment; prints one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("r", "alpha", "a", "b")
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def fit_lifetimes(table: pd.DataFrame) -> list[float]:
    """Return the parameters that lifetimes finds by maximum likelihood."""
    from lifetimes import BetaGeoFitter

    fitted = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    return [float(fitted.params_[name]) for name in NAMES]


def fit_pymc_marketing(table: pd.DataFrame) -> list[float]:
    """Return the parameters that pymc-marketing finds at the mode of its posterior."""
    from pymc_marketing.clv import BetaGeoModel

    model = BetaGeoModel(table)
    model.fit(method="map", progressbar=False)
    return [float(model.idata.posterior[name].to_numpy().ravel()[0]) for name in NAMES]


FITS: dict[str, Callable[[pd.DataFrame], list[float]]] = {
    "lifetimes": fit_lifetimes,
    "pymc_marketing": fit_pymc_marketing,
}


def spent() -> float:
    """Return the processor seconds of this process and of the compilers that it ran."""
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, WHO))


def main() -> None:
    """Fit the customers of a file and print seconds, parameters and peak memory."""
    warnings.simplefilter("ignore")
    peer, file = sys.argv[1:]
    __import__(peer)
    with np.load(file) as columns:
        table = pd.DataFrame({"frequency": columns["frequency"], "recency": columns["recency"], "T": columns["age"]})
    table.insert(0, "customer_id", np.arange(len(table)))
    wall, own = time.perf_counter(), spent()
    parameters = FITS[peer](table)
    wall, own = time.perf_counter() - wall, spent() - own
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": wall, "processor": own, "parameters": parameters, "peak_mb": peak}))


if __name__ == "__main__":
    main()
