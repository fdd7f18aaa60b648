from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from uplift.cli.commands import doctor as doctor_module
from uplift.cli.commands.doctor import Finding, Package, ailing, examine, examine_engine, examine_package
from uplift.cli.progress import Meter
from uplift.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Outcome


def test_a_package_that_is_here() -> None:
    found = examine_package(Package("numpy", "numpy"))
    assert (found.state, found.needed) == ("ok", True)
    assert found.detail[0].isdigit()


def test_a_package_that_is_not() -> None:
    found = examine_package(Package("no-such-thing", "no_such_thing", "engine: none"))
    assert (found.state, found.needed) == ("missing", False)
    assert found.detail.endswith("(only for engine: none)")


def test_a_package_that_breaks() -> None:
    assert examine_package(Package("no-such-thing", "this.that")).state == "missing"
    assert examine_package(Package("no-such-thing", "json")).state == "broken"


def test_a_package_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", 120)

    monkeypatch.setattr(subprocess, "run", hang)
    assert examine_package(Package("numpy", "numpy")).detail == "took longer than 120 seconds"


def test_the_engine_finds_the_known_effect() -> None:
    found = examine_engine()
    assert (found.state, found.detail) == ("ok", "20000 units summed, known effect found")


def test_examine_ends_with_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Finding("embedded engine", "ok", "", needed=True)
    monkeypatch.setattr(doctor_module, "examine_engine", lambda: engine)
    found = examine(Meter(Settings(quiet=True)), (Package("numpy", "numpy"),))
    assert [one.name for one in found] == ["numpy", "embedded engine"]


OPTIONAL = Finding("dowhy", "missing", "gone", needed=False)
NEEDED = Finding("pandas", "broken", "bad", needed=True)


def test_only_needed_packages_make_it_ill() -> None:
    assert ailing((OPTIONAL,)) == []
    assert ailing((OPTIONAL, NEEDED)) == ["pandas"]


def test_well(invoke: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "examine", lambda _: (OPTIONAL,))
    done = invoke("doctor")
    assert done.code == 0
    assert done.out.split() == ["dowhy", "missing", "gone"]


def test_ill(invoke: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "examine", lambda _: (OPTIONAL, NEEDED))
    done = invoke("doctor", "--json")
    assert done.code == 6
    assert done.json()["ok"] is False
    assert done.json()["findings"][1] == {"name": "pandas", "state": "broken", "detail": "bad", "needed": True}
    assert "not working: pandas; repair the installation" in done.err
