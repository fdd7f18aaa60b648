"""Facts that a spec cannot have, each with what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uplift.spec.model import ExperimentSpec

_OF_MARGIN = (
    *("gross_margin", "organic_margin", "couponed_margin", "redeemed_margin", "returned_margin"),
    "other_platform_margin",
)
_OF_COUPONS = (
    *("couponed_orders", "redeemed_orders", "redeemed_revenue", "organic_margin", "couponed_margin"),
    *("redeemed_margin", "subsidy"),
)
_OF_ROLES = {
    "coupons": _OF_COUPONS,
    "refunds": ("refunded", "returned_margin", "refunded_orders"),
    "contacts": ("contacts", "contact_cost", "unsubscribed"),
    "service": ("tickets", "complaints", "ratings", "rating_sum", "rating_last"),
    "behaviour": ("events", "visits", "content_events", "shares", "referrals", "content_value", "referral_value"),
}
_OF_COLUMNS = {
    "orders.margin": _OF_MARGIN,
    "orders.category": ("cross_category_30d",),
    "orders.platform": ("other_platform_margin",),
    "contacts.cost": ("contact_cost",),
    "contacts.unsubscribed": ("unsubscribed",),
    "service.complaint": ("complaints",),
    "service.rating": ("ratings", "rating_sum", "rating_last"),
    "behaviour.value": ("content_value", "referral_value"),
}


def absent_facts(spec: ExperimentSpec) -> dict[str, str]:
    """Return the columns of facts that a spec cannot have, with what it lacks."""
    absent: dict[str, str] = {}
    for names, reason in _lacking(spec):
        for name in names:
            absent.setdefault(name, reason)
    return absent


def _lacking(spec: ExperimentSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    for role, names in _OF_ROLES.items():
        if getattr(spec.data, role) is None:
            yield names, f"the spec has no data.{role}"
    for place, names in _OF_COLUMNS.items():
        role, key = place.split(".")
        table = getattr(spec.data, role)
        if table is None or getattr(table, key) is None:
            yield names, f"the spec has no data.{place}"
    if not spec.home_platforms:
        told = "eligible.where does not say on which platform the campaign runs"
        yield ("other_platform_margin",), told
