"""Frequent or growing customers: a coupon test on a simulated market, set against the truth that the market knows."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

import uplift

if TYPE_CHECKING:
    from uplift.results import Effect

HERE = Path(__file__).resolve().parent
ROLES = ("orders", "refunds", "coupons", "contacts")


def run(out: Path, n_customers: int, seed: int) -> pd.DataFrame:
    """Design, campaign, analysis; return the answers beside the truth."""
    market = uplift.simulate.make_market("fresh_grocery", n_customers=n_customers, seed=seed)
    spec = uplift.load_spec(HERE / "spec.yaml")
    before = {"units": market.customers, **{role: getattr(market, role) for role in ROLES}}
    design = uplift.design_experiment(spec, tables=before)
    drawn = design.assignment
    campaign = market.run({"unit_id": drawn.unit_id, "arm": drawn.arm_labels})
    added = {role: pd.concat([before[role], getattr(campaign, role)]) for role in ROLES}
    analysis = uplift.analyze_experiment(spec, design, tables=before | added)
    analysis.save(out)
    design.save(out / "design")
    eligible = pd.DataFrame({"unit_id": drawn.unit_id, "stratum": drawn.stratum_labels})
    segments = {f"segment:{name}": design.past[f"segment:{name}"].astype(bool) for name in spec.segments}
    known = design.past.unit_id
    members = pd.DataFrame({"unit_id": known, **segments})
    truth = market.truth.merge(eligible.merge(members, on="unit_id"), on="unit_id")
    return compare(analysis, truth)


def compare(analysis: uplift.Analysis, truth: pd.DataFrame) -> pd.DataFrame:
    """Return one row per question: what the analysis says, its interval, and the truth."""
    rows = [_effect_row(effect, truth) for effect in analysis.effects.select(outcome="incremental_clv")
            if effect.reference_arm == "control" and effect.by != "stratum"]  # fmt: skip
    net = truth.pivot_table(index="stratum", columns="arm", values="incremental_clv")
    for one in analysis.decomposition:
        if one.by == "overall" and one.arm != "treated" and one.dashboard_claim is not None:
            mine = truth[truth["arm"] == one.arm]
            added = float((mine["gross_margin"] - mine["returned"] + mine["residual"]).mean())
            rows.append((f"dashboard claim per head, {one.arm}", one.dashboard_claim.estimate, None, None, added))
    if analysis.budget is not None:
        for name, share in (("present", "share_now"), ("proposed", "share_proposed")):
            said = getattr(analysis.budget.totals, name)
            treated = {(cell.stratum, cell.arm): cell.n_units * getattr(cell, share) for cell in analysis.budget.cells}
            true = sum(count * net.loc[cell] for cell, count in treated.items())
            rows.append((f"{name} plan, net", said.estimate, said.ci_lower, said.ci_upper, float(true)))
    return pd.DataFrame(rows, columns=["question", "estimate", "ci_lower", "ci_upper", "truth"])


def _effect_row(effect: Effect, truth: pd.DataFrame) -> tuple[str, float, float, float, float]:
    mine = truth[truth["arm"] == effect.arm]
    if effect.by == "segment":
        mine = mine[mine[f"segment:{effect.level}"]]
    name = f"iCLV per head, {effect.arm}, {effect.level or 'all'}"
    return name, effect.estimate, effect.ci_lower, effect.ci_upper, float(mine["incremental_clv"].mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("fresh-grocery-coupon"))
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    table = run(given.out, given.customers, given.seed)
    print(table.round(2).to_string(index=False))
    rows = table.set_index("question")
    numbers = rows.astype(object).where(rows.notna(), None).to_dict("index")
    (given.out / "numbers.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
