"""The door of the command line."""

from __future__ import annotations

import io
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

import uplift
from uplift.cli.commands.alerts import alerts
from uplift.cli.commands.analyze import analyze
from uplift.cli.commands.demo import demo
from uplift.cli.commands.design import design
from uplift.cli.commands.doctor import doctor
from uplift.cli.commands.init import init
from uplift.cli.commands.report import report
from uplift.cli.commands.schema import schema
from uplift.cli.commands.score import score
from uplift.cli.commands.simulate import simulate
from uplift.cli.commands.validate import validate
from uplift.cli.settings import Settings, hoist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

COMMANDS = (demo, init, schema, validate, simulate, design, analyze, report, score, alerts, doctor)
EPILOG = "Takes --json, --lang, --no-color, -q and -v too; see: uplift --help"

app = typer.Typer(
    name="uplift",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 ok, 1 internal, 2 usage, 3 spec, 4 data or design, 5 lock, sample ratio or estimation, "
    "6 engine, 130 interrupted.",
)
for command in COMMANDS:
    app.command(epilog=EPILOG)(command)


def tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    """Print the version and stop, if that is wanted."""
    if wanted:
        typer.echo(uplift.__version__)
        raise typer.Exit


@app.callback()
def common(
    ctx: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Data as one JSON object on standard output.")] = False,
    lang: Annotated[str | None, typer.Option(help="Language of reports and verdicts: en or zh.")] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; the same as NO_COLOR=1.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No words but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tracebacks with errors.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback has printed it and stopped
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=tell_version)
    ] = False,
) -> None:
    """Design stratified coupon experiments, measure what they added, and move the budget.

    The loop: init or demo, validate, design, run the campaign, analyze, report. Options may stand
    anywhere on the line.
    """
    if lang not in (None, "en", "zh"):
        message = f"'{lang}' is not one of en, zh"
        raise typer.BadParameter(message, param_hint="--lang")
    ctx.obj = Settings(as_json=as_json, language=lang, color=not no_color, quiet=quiet, verbose=verbose)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments
        The words after the program; default: those of the process.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    words = hoist(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = partial(tell_crash, verbose=bool({"-v", "--verbose"} & set(words)))
    typer.main.get_command(app)(args=words, prog_name="uplift")


def tell_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, *, verbose: bool = False
) -> None:
    """Say in one line that the toolkit itself failed; the interpreter then exits with 1.

    Parameters
    ----------
    kind, error, trace
        What was raised and where.
    verbose
        Print the traceback before.
    """
    if verbose:
        traceback.print_exception(kind, error, trace)
    first = str(error).partition("\n")[0]
    hint = "" if verbose else "; run again with -v and send us the traceback"
    typer.echo(f"internal error: {kind.__name__}: {first}{hint}", err=True)
