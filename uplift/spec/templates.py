"""The specs that ``init`` starts from; each is valid as it stands."""

from __future__ import annotations

from importlib import resources

from uplift.errors import UsageError

_NAMES = ("coupon", "minimal", "recorded")


def list_templates() -> tuple[str, ...]:
    """Return the names of the templates, the fullest first."""
    return _NAMES


def read_template(name: str) -> str:
    """Return the text of a template.

    Parameters
    ----------
    name
        One of ``list_templates()``.

    Returns
    -------
    str
        YAML; the first line names ``schema.json`` beside it for editors.

    Raises
    ------
    UsageError
        When there is no such template.
    """
    if name not in _NAMES:
        told = f"template '{name}' is not there; choose one of: {', '.join(_NAMES)}"
        raise UsageError(told)
    return resources.files("uplift.spec").joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
