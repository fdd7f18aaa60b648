"""What the numbers were made from, and the commands that make them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.report.view import Item
from uplift.results import format as fmt

if TYPE_CHECKING:
    from uplift.report.voice import Voice
    from uplift.results.analysis import ExperimentInfo, Provenance


def build_reproduction(origin: Provenance, voice: Voice) -> tuple[Item, ...]:
    """Return versions, digests, seed and the rows that were read."""
    verified = voice.say(f"reproduce.locked_{'yes' if origin.locked else 'no'}")
    spec = voice.say("word.pair", {"first": origin.spec_file, "second": origin.spec_digest or fmt.DASH})
    rows = [_rows(role, count, voice) for role, count in sorted(origin.inputs.items())]
    items = [
        ("version", f"uplift-lab {origin.package_version}", True),
        ("spec", spec, True),
        ("lock", origin.lock_digest or fmt.DASH, True),
        ("assignment", origin.assignment_digest or fmt.DASH, True),
        ("locked", verified, False),
        ("seed", str(origin.seed), True),
        ("inputs", voice.join(rows) or fmt.DASH, False),
    ]
    return tuple(Item(voice.say(f"reproduce.{code}"), text, fixed) for code, text, fixed in items)


def commands(experiment: ExperimentInfo, origin: Provenance, *, analysed: bool) -> str:
    """Return the command lines, one a line."""
    spec = origin.spec_file
    design = f"uplift design {spec} --out design"
    if not analysed:
        return design
    through = f" --through {experiment.through[:10]}" if experiment.through else ""
    if experiment.scheme == "recorded":
        return f"uplift analyze {spec}{through} --out analysis\nuplift report analysis"
    return f"{design}\nuplift analyze {spec} --design design{through} --out analysis\nuplift report analysis"


def _rows(role: str, count: int, voice: Voice) -> str:
    return voice.say("reproduce.rows", {"role": role, "n": count})
