"""``uplift simulate``: a market with known truth, before and after a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplift.cli.console import door, emit, say, settings_of

if TYPE_CHECKING:
    from uplift.cli.settings import Settings


WORLDS = "fresh_grocery, steady_grocery, null(_costly), pull_forward(_costly), stationary, bgnbd(_loyal, _raised)"


@dataclass(frozen=True, slots=True)
class Recipe:
    """From what a market is made: a spec whose tables it fills (or None), scenario, customers, seed."""

    like: Path | None
    scenario: str
    customers: int
    seed: int


def simulate(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="A market that was made before; needs --assignment.")] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of a new market.")] = None,
    like: Annotated[Path | None, typer.Option(help="Make the tables that this spec names.")] = None,
    scenario: Annotated[str, typer.Option(help=WORLDS)] = "fresh_grocery",
    customers: Annotated[int, typer.Option(help="Customers of a new market.", min=1)] = 100_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.", min=0)] = 0,
    assignment: Annotated[Path | None, typer.Option(help="Folder or file of a design's assignment.")] = None,
) -> None:
    """Make a market, or run a campaign on it.

    With --out: the world before a campaign, its spec, and the truth in a table that no spec names. With
    FOLDER --assignment: adds the campaign's rows to the tables.
    """
    from uplift.errors import UsageError

    settings = settings_of(ctx)
    with door(settings):
        if folder is not None and assignment is not None and out is None and like is None:
            run_campaign(settings, folder, assignment)
        elif folder is None and assignment is None and out is not None:
            make(settings, out, Recipe(like, scenario, customers, seed))
        else:
            message = (
                "simulate takes either --out DIR (a new market, perhaps --like SPEC) or FOLDER --assignment FILE "
                "(a campaign on it); give one of the two"
            )
            raise UsageError(message)


def make(settings: Settings, out: Path, recipe: Recipe) -> None:
    """Write the world before a campaign and say where."""
    from uplift.simulate import make_market, make_market_for, write_market
    from uplift.spec import load_spec

    refuse_foreign(out, out / "market.json")
    if recipe.like is None:
        market = make_market(recipe.scenario, n_customers=recipe.customers, seed=recipe.seed)
    else:
        spec = load_spec(recipe.like)
        market = make_market_for(spec, scenario=recipe.scenario, n_customers=recipe.customers, seed=recipe.seed)
    files = write_market(market, out)
    emit(settings, {"market": str(out), "spec": str(files[0]), "files": [str(file) for file in files]})
    say(settings, f"next: uplift design {files[0]} --out DIR")


def run_campaign(settings: Settings, folder: Path, assignment: Path) -> None:
    """Add the campaign's rows to the tables of a market and say where."""
    from uplift.simulate import write_campaign

    files = write_campaign(folder, assignment)
    emit(settings, {"market": str(folder), "files": [str(file) for file in files]})
    say(settings, f"next: uplift analyze {folder / 'spec.yaml'} --design DIR --out DIR")


def refuse_foreign(folder: Path, mark: Path) -> None:
    """Refuse a folder with files of somebody else: what is written here could take their place.

    Raises
    ------
    UsageError
        When ``folder`` is not empty and ``mark``, which we leave, is not there.
    """
    from uplift.errors import UsageError

    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"--out {folder} is not empty and was not made by this command; choose a new folder"
        raise UsageError(message)
