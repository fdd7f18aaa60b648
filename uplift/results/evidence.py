"""How far the way a number was got can be trusted."""

from __future__ import annotations

from typing import Literal

Evidence = Literal["A", "B", "C", "D"]
Method = Literal["randomised", "late", "aipw", "did", "cutoff", "adjusted"]


def grade(method: Method, *, compliance: bool = True, bounds_pass: bool = False) -> Evidence:
    """Return the evidence grade of an estimate.

    Parameters
    ----------
    method
        ``randomised`` (assignment compared as drawn), ``late`` or ``aipw`` (randomised, with
        non-compliance or a model of who answers), ``did``, ``cutoff`` or ``adjusted``.
    compliance
        False when the randomised arms were not kept apart.
    bounds_pass
        Whether honest bounds on departures from parallel trends still exclude zero.

    Returns
    -------
    Evidence
        ``A`` randomised, ``B`` randomised with non-compliance or AIPW heterogeneity, ``C``
        difference-in-differences that passes honest bounds, or a cut-off, ``D`` the rest.
    """
    match method:
        case "randomised":
            return "A" if compliance else "B"
        case "late" | "aipw":
            return "B"
        case "cutoff":
            return "C"
        case "did":
            return "C" if bounds_pass else "D"
        case "adjusted":
            return "D"
