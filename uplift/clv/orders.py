"""Orders still to come under a beta-geometric dropout: one customer's chance to be alive, and discounted orders.

After an order a customer stops with chance p ~ Beta(a, b); until then orders come at a rate lambda ~ Gamma(r, alpha).
A customer who survived k such chances with x repeat orders in a time T has, if alive, lambda ~ Gamma(r + x, alpha + T)
and p ~ Beta(a, b + k), so the expected rate of orders a time t from now is

    g(t) = (r + x) / (alpha + T) * E_p[(1 + p t / (alpha + T))^-(r + x + 1)],

which has no singularity at a = 1, unlike the closed form of its integral.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.clv.dropout import Dropout

N_CHANCES = 128
"""Nodes in p: a trapezoid rule in its logit, where the integrand is analytic and dies at both ends."""
N_TIMES = 16
"""Gauss-Legendre nodes in the logarithm of alpha + T + t."""
N_AGES = 24
"""Chebyshev nodes in the logarithm of alpha + T, per frequency."""
_CHUNK = 512
_DROP = 38.0
_NEGLIGIBLE = -37.0
_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class Span:
    """The future that is asked for.

    Parameters
    ----------
    start, end
        Bounds from now, in the model's unit of time; ``end`` included.
    discount
        Continuous rate of discount per unit of time; 0 to count orders.
    """

    start: float
    end: float
    discount: float


def expect_orders(
    model: Dropout, frequency: NDArray[np.float64], age: NDArray[np.float64], *, span: Span, gradient: bool = False
) -> NDArray[np.float64]:
    """Return discounted orders of a customer who is alive, and their derivatives.

    Parameters
    ----------
    model
        The parameters.
    frequency, age : ndarray of float, shape (n,)
        Repeat orders, and time from the first order to now.
    span
        The future that is asked for.
    gradient
        Whether to return the derivatives.

    Returns
    -------
    ndarray of float, shape (1, n) or (5, n)
        Orders; then, if asked for, their derivatives with respect to log(r, alpha, a, b).

    Notes
    -----
    For one frequency the answer is a smooth function of log(alpha + T) alone: it is integrated at Chebyshev nodes
    per frequency, and interpolated at the customers. Relative error below 1e-7, proved in the tests.
    """
    if span.start == span.end:
        return np.zeros((5 if gradient else 1, len(frequency)))
    levels, group = np.unique(frequency, return_inverse=True)
    place = np.log(model.alpha + age)
    low, high = np.full(len(levels), np.inf), np.full(len(levels), -np.inf)
    np.minimum.at(low, group, place)
    np.maximum.at(high, group, place)
    nodes = np.cos(np.pi * (np.arange(N_AGES) + 0.5) / N_AGES)
    places = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * nodes
    table = _integrate(model, np.repeat(levels, N_AGES), np.exp(places.ravel()), span=span, gradient=gradient)
    table = table.reshape(len(table), len(levels), N_AGES)
    width = np.where(high > low, high - low, 1.0)
    at = np.clip((2 * place - (low + high)[group]) / width[group], -1.0, 1.0)
    # Interpolated as a logarithm and as elasticities, which are smooth where orders differ by powers of ten.
    table[1:] /= table[0]
    table[0] = np.log(table[0])
    answer = np.stack([_interpolate(_coefficients(part, nodes), group, at) for part in table])
    answer[0] = np.exp(answer[0])
    answer[1:] *= answer[0]
    return answer


def _coefficients(values: NDArray[np.float64], nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = np.arccos(nodes)
    basis = np.cos(np.arange(N_AGES)[:, None] * angle) * (2 / N_AGES)
    basis[0] /= 2
    # Without optimisation einsum adds in a fixed order, unlike BLAS on several threads.
    return np.asarray(np.einsum("gj,kj->kg", values, basis), dtype=np.float64)


def _interpolate(
    coefficients: NDArray[np.float64], group: NDArray[np.int64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    answer = np.empty(len(at))
    for first in range(0, len(at), _ROWS):
        rows = slice(first, first + _ROWS)
        which, twice = group[rows], 2 * at[rows]
        later, last = np.zeros(len(which)), np.zeros(len(which))
        for row in coefficients[:0:-1]:
            later, last = row[which] + twice * later - last, later
        answer[rows] = coefficients[0][which] + at[rows] * later - last
    return answer


@dataclass(frozen=True, slots=True)
class _Chances:
    """Nodes in the chance to stop: weights that sum to 1, and the logarithms of p and of 1 - p; each (m, N_CHANCES)."""

    chance: NDArray[np.float64]
    weight: NDArray[np.float64]
    log_stop: NDArray[np.float64]
    log_stay: NDArray[np.float64]


def _chances(a: float, stay: NDArray[np.float64], *, steepness: NDArray[np.float64]) -> _Chances:
    peak = np.log(a / stay)
    curvature = a * stay / (a + stay)
    reach = np.sqrt(2 * _DROP / curvature)
    low = np.maximum(peak - reach - _DROP / a, np.minimum(peak, _NEGLIGIBLE - np.log1p(steepness)))
    high = np.minimum(peak + reach + _DROP / stay, np.maximum(peak, -_NEGLIGIBLE + np.log1p(steepness)))
    step = (high - low) / (N_CHANCES - 1)
    y = low[:, None] + step[:, None] * np.arange(N_CHANCES)
    log_stop, log_stay = -np.logaddexp(0.0, -y), -np.logaddexp(0.0, y)
    chance = np.exp(log_stop)
    log_weight = a * log_stop + stay[:, None] * log_stay
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    # Beyond the ends the integrand is constant in p but for its weight, which falls geometrically: sum it whole.
    for end, rate in ((0, np.full(len(stay), a)), (-1, stay)):
        ratio = np.exp(-rate * step)
        weight[:, end] /= -np.expm1(-rate * step)
        (log_stop if end == 0 else log_stay)[:, end] -= step * ratio / -np.expm1(-rate * step)
    weight /= weight.sum(axis=1, keepdims=True)
    return _Chances(chance, weight, log_stop, log_stay)


def _integrate(
    model: Dropout, frequency: NDArray[np.float64], rate: NDArray[np.float64], *, span: Span, gradient: bool
) -> NDArray[np.float64]:
    parts = [
        _integrate_chunk(
            model, frequency[first : first + _CHUNK], rate[first : first + _CHUNK], span=span, gradient=gradient
        )
        for first in range(0, len(rate), _CHUNK)
    ]
    return np.concatenate(parts, axis=1) if parts else np.zeros((5 if gradient else 1, 0))


def _integrate_chunk(
    model: Dropout, frequency: NDArray[np.float64], rate: NDArray[np.float64], *, span: Span, gradient: bool
) -> NDArray[np.float64]:
    shape, stay = model.r + frequency, model.b + frequency + model.extra
    chances = _chances(model.a, stay, steepness=(shape + 1) * span.end / rate)
    node, share = np.polynomial.legendre.leggauss(N_TIMES)
    low, high = np.log(rate + span.start), np.log(rate + span.end)
    answer = np.zeros((5 if gradient else 1, len(rate)))
    for u, w in zip(node, share, strict=True):
        place = np.exp((low + high) / 2 + (high - low) / 2 * u)
        time = place - rate
        # dt = (alpha + T + t) d log(alpha + T + t)
        measure = w * (high - low) / 2 * place * np.exp(-span.discount * time)
        moved = np.log1p(chances.chance * (time / rate)[:, None])
        survival = chances.weight * np.exp(-(shape + 1)[:, None] * moved)
        total = survival.sum(axis=1)
        answer[0] += measure * shape / rate * total
        if gradient:
            answer[1:] += (
                measure * shape / rate * _slopes(model, shape, rate, chances=chances, survival=survival, moved=moved)
            )
    return answer


def _slopes(
    model: Dropout,
    shape: NDArray[np.float64],
    rate: NDArray[np.float64],
    *,
    chances: _Chances,
    survival: NDArray[np.float64],
    moved: NDArray[np.float64],
) -> NDArray[np.float64]:
    total = survival.sum(axis=1)
    by_shape = total / shape - (survival * moved).sum(axis=1)
    hit = -np.expm1(-moved)
    by_rate = (-total + (shape + 1) * (survival * hit).sum(axis=1)) / rate
    by_stop, by_stay = (
        (survival * part).sum(axis=1) - total * (chances.weight * part).sum(axis=1)
        for part in (chances.log_stop, chances.log_stay)
    )
    return np.stack([model.r * by_shape, model.alpha * by_rate, model.a * by_stop, model.b * by_stay])
