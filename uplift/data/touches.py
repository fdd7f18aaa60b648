"""What passed between the shop and its units besides orders: contacts, tickets and events, summed per unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data.engine import at_least
from uplift.data.facts import sum_by_code

if TYPE_CHECKING:
    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table
    from uplift.data.facts import Names, Span

CONTENT_KINDS = ("content", "review", "share")
"""Events in which a unit reads, writes or passes on content."""

_BY_KIND = {"visits": ("visit",), "content_events": CONTENT_KINDS, "shares": ("share",), "referrals": ("referral",)}
_VALUE_OF = {"content_value": CONTENT_KINDS, "referral_value": ("referral",)}


def sum_contacts(engine: Engine, contacts: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` the touches of this campaign, their cost, and whether the unit unsubscribed."""
    rows = span.rows(contacts)
    sums = {"contacts": rows.count()}
    if "cost" in rows.columns:
        sums["contact_cost"] = span.money(rows, rows.cost).sum()
    if "unsubscribed" in rows.columns:
        sums["unsubscribed"] = rows.unsubscribed.any().cast("int64")
    return sum_by_code(engine, rows, sums, names)


def sum_service(engine: Engine, tickets: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` tickets, complaints, and the number and sum of ratings."""
    rows = span.rows(tickets)
    sums = {"tickets": rows.count()}
    if "complaint" in rows.columns:
        sums["complaints"] = rows.count(where=rows.complaint)
    if "rating" in rows.columns:
        sums |= {"ratings": rows.rating.count(), "rating_sum": rows.rating.sum()}
    return sum_by_code(engine, rows, sums, names)


def find_last_rating(engine: Engine, tickets: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` the last rating in millionths, the least of those of one moment; where it is asked for."""
    if names is None or "rating" not in tickets.columns:
        return {}
    rows = span.rows(tickets)
    rated = rows.filter(rows.rating.notnull())
    moments = rated.group_by(["code", "us"]).aggregate(rating=rated.rating.min())
    return sum_by_code(engine, moments, {"rating_last": at_least(moments.rating, -moments.us)}, names)


def sum_behaviour(engine: Engine, events: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` how many events of which kinds, and what content and referrals brought."""
    rows = span.rows(events)
    sums = {"events": rows.n.sum()}
    for name, kinds in _BY_KIND.items():
        sums[name] = rows.n.sum(where=rows.kind.isin(kinds))
    if "value" in rows.columns:
        value = span.money(rows, rows["value"])
        for name, kinds in _VALUE_OF.items():
            sums[name] = value.sum(where=rows.kind.isin(kinds))
    return sum_by_code(engine, rows, sums, names)
