"""How alerts are made, by which numbers, and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.report.view import Item
from uplift.results import format as fmt

if TYPE_CHECKING:
    from uplift.report.voice import Voice
    from uplift.results.alerts import AlertReport
    from uplift.results.facts import Fact


def method_items(report: AlertReport, voice: Voice) -> tuple[Item, ...]:
    """Return the rules with their thresholds, then the model."""
    texts = {
        "risk": voice.say("alerts.risk_text", _numbers(report, "noise", "decline_weeks")),
        "activity": voice.say("alerts.activity_text", _activity(report)),
        "warning": voice.say("alerts.warning_text", _warning(report)),
        "cross": voice.say("alerts.cross_text", {"rise": report.rule["rise"], "weeks": int(report.rule["peak_weeks"])}),
        "end": voice.say(
            "alerts.end_text",
            {"weeks": int(report.rule["recovery_weeks"]), "days": int(report.rule["active_days"])},
        ),
        "who": voice.say(
            "alerts.who_text", {"weeks": int(report.rule["history_weeks"]), "days": int(report.rule["active_days"])}
        ),
        "clv": voice.say(
            "alerts.clv_text", {"days": report.info.horizon_days, "rate": report.info.annual_discount_rate}
        ),
        "strata": voice.say("alerts.strata_text"),
        **_model(report, voice),
    }
    return tuple(Item(voice.say(f"alerts.item.{code}"), text, code == "parameters") for code, text in texts.items())


def _numbers(report: AlertReport, *names: str) -> dict[str, Fact]:
    """Return thresholds by name, whole ones as counts."""
    found = {name: report.rule[name] for name in names}
    return {name: int(value) if value.is_integer() else value for name, value in found.items()}


def _activity(report: AlertReport) -> dict[str, Fact]:
    rule = report.rule
    windows = [int(value) for name, value in sorted(rule.items()) if name.startswith("activity_windows_")]
    windows.sort()
    return {
        "what": report.info.activity,
        "fast": int(rule["activity_fast_weeks"]),
        "slow": int(rule["activity_slow_weeks"]),
        "fall": rule["activity_fall"],
        "level": rule["activity_level"],
        "windows": tuple(windows[:-1]),
        "most": windows[-1],
    }


def _warning(report: AlertReport) -> dict[str, Fact]:
    falls = [report.rule[f"severities_{level}"] for level in (1, 2, 3)]
    return {
        **dict(zip(("mild", "serious", "severe"), falls, strict=True)),
        "weeks": int(report.rule["peak_weeks"]),
    }


def _model(report: AlertReport, voice: Voice) -> dict[str, str]:
    model = report.model
    parameters = {name: fmt.format_statistic(value) for name, value in model.parameters.items()}
    fit: dict[str, Fact] = {"n": model.n_units, "until": model.known_until, "fitted": model.fitted_at}
    return {
        "model": voice.say(f"alert_model.{model.kind}"),
        "parameters": voice.say("alerts.parameters_text", {**parameters, "currency": report.info.currency}),
        "fit": voice.say("alerts.reused" if model.reused else "alerts.fitted", fit),
    }


def origin_items(report: AlertReport, voice: Voice) -> tuple[Item, ...]:
    """Return version, spec and the rows that were read."""
    info = report.info
    rows = [voice.say("reproduce.rows", {"role": role, "n": count}) for role, count in sorted(info.inputs.items())]
    items = (
        ("version", f"uplift-lab {info.package_version}", True),
        ("spec", info.spec_digest or fmt.DASH, True),
        ("inputs", voice.join(rows) or fmt.DASH, False),
    )
    return tuple(Item(voice.say(f"reproduce.{code}"), text, fixed) for code, text, fixed in items)
