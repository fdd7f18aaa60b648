"""A market in a folder: its spec, its tables as the spec names them, and how to make it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uplift.errors import DataError, MissingFileError
from uplift.results.files import write_atomic
from uplift.simulate.assigned import load_assignment
from uplift.simulate.layout import lay_out, rate_table
from uplift.simulate.market import Market, make_market_for
from uplift.simulate.store import Place, store, write_table
from uplift.simulate.tables import Sheets, join_sheets
from uplift.spec import load_spec

if TYPE_CHECKING:
    from uplift.spec import ExperimentSpec
    from uplift.spec.tables import Source

SPEC_FILE, MARKET_FILE, TRUTH_FILE = "spec.yaml", "market.json", "truth.parquet"
ROLES = ("units", "orders", "refunds", "coupons", "contacts", "service", "behaviour")
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """From what a market was made: scenario, seed and number of customers."""

    scenario: str
    seed: int
    n_customers: int


def write_market(market: Market, folder: str | Path) -> tuple[Path, ...]:
    """Write the world before a campaign.

    The folder gets ``spec.yaml``, each table where the spec has it and as the spec reads it (file kind,
    sheet, header row, encoding), the table of margin rates when the spec names one, ``market.json``
    from which the market is made again, and ``truth.parquet``, which no spec names.

    Parameters
    ----------
    market
        The market.
    folder
        Where; made when it is not there.

    Returns
    -------
    tuple of Path
        The files, spec first.

    Raises
    ------
    UsageError
        When a table is to stand in a file of a kind that is not written here, or outside the folder.
    DataError
        When a file cannot be written.
    """
    base = Path(folder)
    tables = _write_tables(market.spec, market.sheets(), base, seed=market.seed)
    write_atomic(base / SPEC_FILE, market.spec.text.encode())
    write_atomic(base / MARKET_FILE, _recipe_bytes(market))
    truth = {name: market.truth[name].to_numpy() for name in market.truth.columns}
    store(truth, Place(base / TRUTH_FILE))
    return (base / SPEC_FILE, *tables, base / MARKET_FILE, base / TRUTH_FILE)


def read_market(folder: str | Path) -> Market:
    """Make again the market of a folder that :func:`write_market` wrote.

    Raises
    ------
    MissingFileError
        When the folder holds no market.
    DataError
        When its ``market.json`` is not of this version.
    SpecError
        When its spec cannot be read.
    """
    base = Path(folder)
    recipe = _read_recipe(base / MARKET_FILE)
    spec = load_spec(base / SPEC_FILE)
    return make_market_for(spec, scenario=recipe.scenario, n_customers=recipe.n_customers, seed=recipe.seed)


def write_campaign(
    folder: str | Path, assignment: object, *, follow_up_days: int | None = None, draw: int = 0
) -> tuple[Path, ...]:
    """Run the campaign on the market of a folder and add its rows to the tables.

    The tables are written whole, so that a second call gives the same files, or those of another
    assignment.

    Parameters
    ----------
    folder
        A folder that :func:`write_market` wrote.
    assignment
        As for :meth:`Market.run`, or the path of a Parquet or CSV file with the columns ``unit_id`` and
        ``arm``, or of a folder of such Parquet files.
    follow_up_days, draw
        As for :meth:`Market.run`.

    Returns
    -------
    tuple of Path
        The tables.

    Raises
    ------
    MissingFileError, DataError, UsageError
        As for :func:`read_market` and :meth:`Market.run`.
    """
    market = read_market(folder)
    given = load_assignment(assignment) if isinstance(assignment, (str, Path)) else assignment
    campaign = market.play_sheets(given, follow_up_days=follow_up_days, draw=draw)
    sheets = join_sheets(market.sheets(), campaign)
    return _write_tables(market.spec, sheets, Path(folder), seed=market.seed)


def _write_tables(spec: ExperimentSpec, sheets: Sheets, base: Path, *, seed: int) -> tuple[Path, ...]:
    written: list[Path] = []
    for role in ROLES:
        source: Source | None = getattr(spec.data, role)
        if source is not None:
            columns = lay_out(role, getattr(sheets, role), spec, seed=seed)
            time = getattr(source, "time", None)
            written += write_table(columns, source, base, split_by=time)
    rates = rate_table(spec)
    if rates is not None:
        written += write_table(rates[1], rates[0], base)
    return tuple(written)


def _recipe_bytes(market: Market) -> bytes:
    recipe = {
        "schema_version": _SCHEMA,
        "scenario": market.scenario,
        "seed": market.seed,
        "n_customers": market.n_customers,
    }
    return (json.dumps(recipe, indent=2) + "\n").encode()


def _read_recipe(path: Path) -> Recipe:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["schema_version"] == _SCHEMA:
            return Recipe(str(found["scenario"]), int(found["seed"]), int(found["n_customers"]))
    except FileNotFoundError as error:
        message = f"{path}: no such file; make the market first: uplift simulate --out {path.parent}"
        raise MissingFileError(message) from error
    except (ValueError, KeyError, TypeError):
        pass
    message = f"{path}: is no market of this version; make it again: uplift simulate --out {path.parent}"
    raise DataError(message)
