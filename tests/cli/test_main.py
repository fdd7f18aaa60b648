from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import uplift
from uplift.cli.main import COMMANDS, tell_crash

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

HEAVY = ("pandas", "ibis", "econml", "causalml", "dowhy", "statsmodels", "matplotlib", "pydantic", "rich", "scipy")


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603


def test_help_loads_nothing_heavy() -> None:
    done = _python(
        "import sys\n"
        "from uplift.cli.main import run\n"
        "try:\n    run(['--help'])\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"
    assert all(command.__name__ in done.stdout for command in COMMANDS)


def test_version(invoke: Callable[..., Outcome]) -> None:
    assert invoke("--version").out.strip() == uplift.__version__


def test_every_command_says_what_it_takes(invoke: Callable[..., Outcome]) -> None:
    for command in COMMANDS:
        told = invoke(command.__name__, "--help")
        assert told.code == 0
        assert "Takes --json, --lang" in " ".join(told.out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("frobnicate",), "No such command 'frobnicate'"),
        (("validate",), "Missing argument 'spec'"),
        (("report", "x", "--lang", "fr"), "'fr' is not one of en, zh"),
        (("simulate", "--out", "x", "--customers", "0"), "invalid value for '--customers'"),
        (("design", "spec.yaml"), "Missing option '--out'"),
    ],
)
def test_usage_errors_exit_2(invoke: Callable[..., Outcome], words: tuple[str, ...], message: str) -> None:
    done = invoke(*words)
    assert done.code == 2
    assert done.out == ""
    assert message.lower() in done.err.lower()


def test_a_crash_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    tell_crash(ValueError, ValueError("first\nsecond"), None)
    assert capsys.readouterr().err == (
        "internal error: ValueError: first; run again with -v and send us the traceback\n"
    )


def test_a_crash_exits_1_and_shows_more_when_asked() -> None:
    code = (
        "import uplift.cli.commands.schema as module, uplift.spec.schema as schema\n"
        "from uplift.cli.main import run\n"
        "def broken(): raise RuntimeError('boom')\n"
        "schema.schema_text = broken\n"
        "run(['schema', *{}])\n"
    )
    plain, verbose = _python(code.format([])), _python(code.format(["-v"]))
    assert (plain.returncode, verbose.returncode) == (1, 1)
    assert plain.stderr == "internal error: RuntimeError: boom; run again with -v and send us the traceback\n"
    assert "Traceback" in verbose.stderr
    assert verbose.stderr.endswith("internal error: RuntimeError: boom\n")
