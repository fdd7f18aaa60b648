"""The pages run, their links lead somewhere, and the reference names everything public."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
PAGES += sorted((ROOT / "experiments").glob("*/README.md"))
FENCE = re.compile(r"^```(python|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
RUNNER = "import sys\nfor path in sys.argv[1:]:\n    exec(compile(open(path, encoding='utf-8').read(), path, 'exec'))\n"


def blocks(page: Path, language: str) -> list[str]:
    return [code for tongue, code in FENCE.findall(page.read_text(encoding="utf-8")) if tongue == language]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def render() -> Mapping[str, object]:
    return runpy.run_path(str(ROOT / "docs" / "render.py"))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=named)
def test_the_python_of_a_page_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    codes = blocks(page, "python")
    files = [tmp_path / f"block-{number}.py" for number in range(len(codes))]
    for file, code in zip(files, codes, strict=True):
        file.write_text(code, encoding="utf-8")
    command = [sys.executable, "-c", RUNNER, *map(str, files)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    promised = [words for code in codes for words in re.findall(r"^print\(.*\)  # (.+)$", code, re.MULTILINE)]
    printed = iter(done.stdout.splitlines())
    assert [words for words in promised if words not in printed] == []


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "bash")], ids=named)
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("the commands of the pages are for bash, which is not here")
    script = "set -euo pipefail\n" + "\n".join(blocks(page, "bash"))
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    command = [bash, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
    inside = [target for target in targets if target and not target.startswith(("https://", "http://", "mailto:"))]
    assert [target for target in inside if not (page.parent / target).exists()] == []


def test_the_reference_names_everything_public() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    names = render()["public_names"]
    assert callable(names)
    missing = [f"{module}.{name}" for module, name, _ in names() if f"| `{name}` |" not in page]
    assert missing == []


def test_the_reference_is_up_to_date() -> None:
    with_names = render()["with_names"]
    assert callable(with_names)
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == with_names(page), "run: python docs/render.py"


def test_the_reference_names_every_command_and_block() -> None:
    from uplift.cli.main import COMMANDS
    from uplift.spec import ExperimentSpec

    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    commands = [command.__name__ for command in COMMANDS if f"`uplift {command.__name__}" not in page]
    blocks_of_spec = [name for name in ExperimentSpec.model_fields if f"| `{name}` |" not in page]
    assert (commands, blocks_of_spec) == ([], [])


def test_every_relative_path_that_the_readme_names_in_code_is_there() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    named_folders = re.findall(r"`([a-z]+/)`", page)
    assert [folder for folder in named_folders if not (ROOT / folder).is_dir()] == []
