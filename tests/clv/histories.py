"""Customers who order at a gamma rate until a beta chance stops them, and the CDNOW cohort."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from uplift.clv.dropout import Dropout


@dataclass(frozen=True)
class Histories:
    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    later: NDArray[np.float64]
    """Orders in the time after age."""
    alive: NDArray[np.bool_]
    """Whether the customer had not stopped at age."""


@dataclass(frozen=True)
class Summary:
    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    value: NDArray[np.float64]


def simulate(model: Dropout, age: NDArray[np.float64], *, rng: np.random.Generator, horizon: float = 0.0) -> Histories:
    """Let every customer live through ``age`` and ``horizon``, one order of all of them at a time."""
    n = len(age)
    rate, stop = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    frequency, recency, later, clock = np.zeros((4, n))
    stopped_at = np.where((rng.random(n) < stop) & bool(model.extra), 0.0, np.inf)
    running = np.flatnonzero(stopped_at > 0)
    while len(running):
        clock[running] += rng.exponential(1 / rate[running])
        running = running[clock[running] <= age[running] + horizon]
        before = running[clock[running] <= age[running]]
        frequency[before] += 1
        recency[before] = clock[before]
        later[running] += clock[running] > age[running]
        gone = rng.random(len(running)) < stop[running]
        stopped_at[running[gone]] = clock[running[gone]]
        running = running[~gone]
    return Histories(frequency, recency, age, later, stopped_at > age)


def read_summary(path: Path) -> Summary:
    """Return the CDNOW sample as published: x, t_x, T in weeks, and the mean repeat value."""
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    return Summary(*rows[:, 1:].T)


@dataclass(frozen=True)
class Orders:
    customer: NDArray[np.str_]
    day: NDArray[np.datetime64]
    value: NDArray[np.float64]


def read_master(path: Path) -> Orders:
    """Return the rows of the CDNOW master file: customer, day, value."""
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))[1:]
    days = np.array([f"{row[1][:4]}-{row[1][4:6]}-{row[1][6:]}" for row in rows], dtype="datetime64[D]")
    return Orders(np.array([row[0] for row in rows]), days, np.array([float(row[3]) for row in rows]))
