"""Men's or women's e-mail: the Hillstrom trial of 2008, first as printed, then by strata under a spec."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pandas as pd

import uplift
from uplift.estimate import adjust_means, estimate_itt

HERE = Path(__file__).resolve().parent
FILE = Path("hillstrom") / "hillstrom.csv.gz"
OUTCOMES = ("visit", "conversion", "spend")


def find_data() -> Path:
    """Return the trial's file; leave with a sentence when it is nowhere."""
    places = [Path(os.environ["UPLIFT_DATA"])] if "UPLIFT_DATA" in os.environ else []
    places.append(HERE.parents[2] / "shared" / "data")
    found = next((place / FILE for place in places if (place / FILE).is_file()), None)
    if found is None:
        looked = " and ".join(str(place / FILE) for place in places)
        raise SystemExit(
            f"Looked for {looked}. Get the CSV of the MineThatData E-Mail Analytics and Data Mining Challenge (2008) "
            "from blog.minethatdata.com, gzip it to hillstrom/hillstrom.csv.gz and set UPLIFT_DATA to the folder above."
        )
    return found


def as_printed(trial: pd.DataFrame) -> pd.DataFrame:
    """Return the effects without strata or covariates, the figures that are in print."""
    units = uplift.read_units(trial, uplift.Roles(unit_id=None, arm="segment", control_arm="No E-Mail"))
    means = adjust_means(units.moments(list(OUTCOMES)))
    return pd.concat([estimate_itt(means, outcome=outcome).to_pandas() for outcome in OUTCOMES])


def run(out: Path) -> pd.DataFrame:
    """Analyse the trial and return both sets of effects, one row each."""
    trial = pd.read_csv(find_data())
    analysis = uplift.analyze_experiment(uplift.load_spec(HERE / "spec.yaml"), tables={"units": trial})
    analysis.save(out)
    stratified = analysis.effects.select(by="overall").to_pandas()
    plain = as_printed(trial).replace({"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "control"})
    return pd.concat([_named(plain, "printed"), _named(stratified, "stratified")])


def _named(effects: pd.DataFrame, how: str) -> pd.DataFrame:
    names = how + " " + effects["outcome"] + ", " + effects["arm"] + " - " + effects["reference_arm"]
    return effects.assign(question=names)[["question", "estimate", "std_error", "ci_lower", "ci_upper"]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("hillstrom-email"))
    given = parser.parse_args()
    table = run(given.out)
    print(table.round(6).to_string(index=False))
    numbers = table.set_index("question").to_dict("index")
    (given.out / "numbers.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
