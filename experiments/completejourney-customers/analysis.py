"""Grocery households at the end of 2017 (The Complete Journey): stages, value and alerts, from the spec alone."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

import pandas as pd

import uplift

HERE = Path(__file__).resolve().parent
LINES = Path("completejourney") / "transactions_sample.parquet"


def find_data() -> Path:
    """Return the folder of the public tables; leave with a sentence when it is nowhere."""
    places = [Path(os.environ["UPLIFT_DATA"])] if "UPLIFT_DATA" in os.environ else []
    places.append(HERE.parents[2] / "shared" / "data")
    found = next((place / LINES for place in places if (place / LINES).is_file()), None)
    if found is None:
        looked = " and ".join(str(place / LINES) for place in places)
        raise SystemExit(
            f"Looked for {looked}. Write the tables of the R package completejourney (84.51°) as Parquet files into a "
            "folder completejourney, transactions_sample among them, and set UPLIFT_DATA to the folder above."
        )
    return found.parent


def prepare(data: Path, out: Path) -> Path:
    """Write the four tables that the spec names, and the spec, into ``out``; return the spec's place."""
    out.mkdir(parents=True, exist_ok=True)
    lines, mailed = (pd.read_parquet(data / f"{name}.parquet") for name in ("transactions_sample", "campaigns"))
    lines["transaction_timestamp"] = lines["transaction_timestamp"].dt.tz_localize("UTC")
    seen = pd.concat([lines["household_id"], mailed["household_id"]]).drop_duplicates().sort_values().to_frame()
    tables = {
        "households": seen.merge(pd.read_parquet(data / "demographics.parquet"), how="left"),
        "lines": lines,
        "coupons": lines[lines["coupon_disc"] > 0].assign(campaign="not known"),
        "contacts": mailed.merge(pd.read_parquet(data / "campaign_descriptions.parquet"), how="left"),
    }
    for name, table in tables.items():
        table.to_parquet(out / f"{name}.parquet", index=False)
    return Path(shutil.copyfile(HERE / "spec.yaml", out / "spec.yaml"))


def run(out: Path) -> dict[str, dict[str, float | None]]:
    """Score the households, find alerts, write both pages; return the figures of the README."""
    spec = uplift.load_spec(prepare(find_data(), out))
    scored, alerts = uplift.score_customers(spec, horizon_days=90), uplift.find_alerts(spec)
    scored.save(out)
    alerts.save(out)
    uplift.write_customer_report(scored, out)
    uplift.write_alert_report(alerts, out)
    accuracy, table, past = scored.accuracy, scored.disagreement, alerts.backtest
    if accuracy is None or table is None or past is None:
        raise SystemExit("The past is too short to hold stages, predictions and alarms against it.")
    numbers: dict[str, dict[str, float | None]] = {
        f"stage {one.stage or 'all'}": {"households": one.n_units, "orders": one.orders, "P(alive)": one.alive,
        "predicted": one.predicted_clv} for one in (*scored.stages, scored.total)}  # fmt: skip
    numbers["rule against model"] = {"compared": table.n_compared, "contradict": table.n_disagree}
    numbers |= {f"quarter by {one.prediction}": {"mean error": one.mae, "rank correlation": one.rank_correlation,
                "predicted over came": one.total_ratio} for one in accuracy.rows if one.axis == "overall"}  # fmt: skip
    return numbers | {f"alarms {one.kind}": {"alarms": one.n_alarms, "precision": one.precision.estimate,
                      "recall": one.recall.estimate, "lift": one.lift.estimate}
                      for one in past.rows if one.by == "overall"}  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("completejourney-customers"))
    given = parser.parse_args()
    answers = run(given.out)
    (given.out / "numbers.json").write_text(json.dumps(answers, indent=2) + "\n", encoding="utf-8")
    print(pd.DataFrame(answers).T.round(2).to_string(na_rep=""))
