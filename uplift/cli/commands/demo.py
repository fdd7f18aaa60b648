"""``uplift demo``: the whole loop on a simulated market."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplift.cli.commands.analyze import refuse_invalid, verdict
from uplift.cli.commands.design import figures
from uplift.cli.commands.simulate import refuse_foreign
from uplift.cli.console import door, emit, say, settings_of
from uplift.cli.progress import metered
from uplift.cli.runlog import logged

if TYPE_CHECKING:
    from uplift import Design
    from uplift.cli.settings import Settings
    from uplift.results import Progress


def demo(
    ctx: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="Folder of the demo.")] = Path("demo"),
    scenario: Annotated[str, typer.Option(help="fresh_grocery, null or null_costly.")] = "fresh_grocery",
    customers: Annotated[int, typer.Option(help="Customers of the market.", min=1)] = 150_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.", min=0)] = 0,
) -> None:
    """Walk the whole loop on a simulated market.

    Makes a market with known truth, designs a stratified split, runs the campaign, analyses it and writes
    report.html.
    """
    import uplift

    settings = settings_of(ctx)
    with door(settings):
        refuse_foreign(out, out / "market" / "market.json")
        if (out / "design" / "lock.json").exists():
            shutil.rmtree(out / "design")
        with logged(out, "demo"), metered(settings) as progress:
            say(settings, f"a market of {customers} customers, before the campaign: {out / 'market'}")
            make_before(out, scenario, customers, seed)
            drawn = draw(settings, out, progress)
            say(settings, "analysis")
            found = uplift.analyze_experiment(uplift.load_spec(out / "market" / "spec.yaml"), drawn, progress=progress)
            found.save(out)
            page = uplift.write_report(found, out, language=settings.language)
        counts = figures(drawn)
        emit(settings, {**verdict(found, settings.language), **counts, "report": str(page)})
        refuse_invalid(found)


def make_before(out: Path, scenario: str, customers: int, seed: int) -> None:
    """Write the market as it is before the campaign."""
    from uplift.simulate import make_market, write_market

    write_market(make_market(scenario, n_customers=customers, seed=seed), out / "market")


def draw(settings: Settings, out: Path, progress: Progress) -> Design:
    """Design on the market, save the design, and run the campaign that it assigns."""
    import uplift
    from uplift.simulate import write_campaign

    say(settings, f"design: who gets which arm, and the lock: {out / 'design'}")
    spec = uplift.load_spec(out / "market" / "spec.yaml")
    uplift.design_experiment(spec, progress=progress).save(out / "design")
    drawn = uplift.Design.load(out / "design")
    uplift.write_design_report(drawn.summary, out / "design", language=settings.language)
    say(settings, "campaign: orders, coupons, contacts and refunds arrive")
    write_campaign(out / "market", out / "design" / "assignment")
    return drawn
