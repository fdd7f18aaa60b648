"""A trial with a known answer through the embedded engine."""

from __future__ import annotations

import typer

import uplift
from uplift.errors import EngineError

N_UNITS = 20_000


def run_smoke() -> None:
    """Read 20,000 units, sum them in the engine, and estimate an effect that is 2 by construction.

    Raises
    ------
    EngineError
        When the answer is another.
    """
    import pandas as pd

    number = pd.Series(range(N_UNITS))
    arm = number % 2
    trial = pd.DataFrame({"id": number.astype(str), "arm": arm, "spend": (number // 2 % 10) + 2.0 * arm})
    units = uplift.read_units(trial, uplift.Roles("id", "arm", control_arm=0))
    means = uplift.estimate.adjust_means(units.moments(["spend"]))
    (effect,) = uplift.estimate.estimate_itt(means, outcome="spend")
    if abs(effect.estimate - 2.0) > 1e-9:
        message = f"the engine found an effect of {effect.estimate} where 2 is true; do not use this installation"
        raise EngineError(message)
    typer.echo(f"{N_UNITS} units summed, known effect found")
