"""E-values: how strongly a hidden confounder must go with treatment and outcome to explain an effect away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uplift.errors import EstimationError

_PER_SD = 0.91
_PER_SD_ERROR = 1.78


@dataclass(frozen=True, slots=True)
class EValue:
    """The least strength of an explanation, on the scale of risk ratios.

    Parameters
    ----------
    risk_ratio
        What is to be explained.
    estimate
        Risk ratio that a confounder must have with treatment and with outcome to bring it to 1.
    limit
        The same for the end of the interval that is nearer to 1; 1 where the interval holds 1.
    """

    risk_ratio: float
    estimate: float
    limit: float


def find_e_value(risk_ratio: float, *, ci_lower: float, ci_upper: float) -> EValue:
    """Return the E-value of a risk ratio and of its interval.

    Parameters
    ----------
    risk_ratio
        Above 0. An odds ratio of a rare outcome is nearly one; of a common one take its square root.
    ci_lower, ci_upper
        Its interval.

    Returns
    -------
    EValue

    Raises
    ------
    EstimationError
        When the ratio is not above 0, or not inside its interval.

    References
    ----------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167(4).
    """
    if not 0 <= ci_lower <= risk_ratio <= ci_upper or risk_ratio == 0:
        message = f"risk_ratio: got {risk_ratio} in [{ci_lower}, {ci_upper}]; it must lie above 0 and in its interval"
        raise EstimationError(message)
    nearer = ci_lower if risk_ratio > 1 else ci_upper
    crosses = ci_lower <= 1 <= ci_upper
    return EValue(risk_ratio, _strength(risk_ratio), 1.0 if crosses else _strength(nearer))


def find_e_value_of_difference(difference: float, std_error: float) -> EValue:
    """Return the E-value of a standardised mean difference.

    Parameters
    ----------
    difference, std_error
        In standard deviations of the outcome.

    Returns
    -------
    EValue
        Of the approximate risk ratio exp(.91 d), interval exp(.91 d ± 1.78 se).

    Raises
    ------
    EstimationError
        When the standard error is negative.

    References
    ----------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167(4), table 2.
    """
    if not std_error >= 0:
        message = f"std_error: got {std_error}; a standard error is 0 or more"
        raise EstimationError(message)
    centre, half = _PER_SD * difference, _PER_SD_ERROR * std_error
    low, middle, high = (float(np.exp(value)) for value in (centre - half, centre, centre + half))
    return find_e_value(middle, ci_lower=low, ci_upper=high)


def _strength(risk_ratio: float) -> float:
    ratio = risk_ratio if risk_ratio >= 1 else 1.0 / risk_ratio
    return float(ratio + np.sqrt(ratio * (ratio - 1.0)))
