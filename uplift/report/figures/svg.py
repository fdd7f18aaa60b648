"""A matplotlib figure as inline SVG: text stays text, colours are the page's, ids are the figure's own."""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, NATURAL, GAIN, LOSS, RULE = (f"#00000{digit}" for digit in "123456")
"""Stand-in colours that become CSS variables, so that one figure serves light, dark and print."""

_VARIABLES = {INK: "ink", MUTED: "muted", NATURAL: "natural", GAIN: "gain", LOSS: "loss", RULE: "rule"}
DOTS = 72
"""Points an inch: one unit of the figure is one CSS pixel."""


@contextmanager
def drawing(width: int, height: int) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure of ``width`` × ``height`` pixels whose one pair of axes has the same pixels as units.

    Positions are set by hand, so that the picture does not depend on the fonts of the machine.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings = mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "uplift",
            "text.parse_math": False,
            "font.size": 11,
            "hatch.linewidth": 1.2,
        }
    )
    with settings, warnings.catch_warnings():
        # The browser draws the text; that matplotlib's own font lacks Chinese does not matter.
        warnings.filterwarnings("ignore", message=r"Glyph \d+")
        figure = Figure(figsize=(width / DOTS, height / DOTS), dpi=DOTS)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        yield figure, axes


def to_svg(figure: Figure, *, prefix: str, title: str) -> str:
    """Return the figure as an SVG element for HTML.

    Parameters
    ----------
    figure
        Drawn within :func:`drawing`.
    prefix
        Put before every id, so that figures of one page do not collide.
    title
        What a screen reader says.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    head, _, body = text[text.index("<svg") :].strip().partition(">")
    view = re.search(r'viewBox="[^"]*"', head)
    opening = f'<svg role="img" aria-labelledby="{prefix}-title" class="figure" {view.group() if view else ""}>'
    return f'{opening}<title id="{prefix}-title">{escape(title)}</title>{_adopt(body, prefix)}'


def _adopt(body: str, prefix: str) -> str:
    """Return the drawing with ids of its own and with the colours and the font of the page."""
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = body.replace(' id="', f' id="{prefix}-')
    body = body.replace('href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
    body = re.sub(r"font: (?:(\d+|bold) )?([\d.]+px) [^;\"]+", _font, body)
    body = re.sub(r"\s?font-family: [^;\"]+;", "", body)
    for stand_in, variable in _VARIABLES.items():
        body = body.replace(stand_in, f"var(--{variable})")
    return re.sub(r"\n\s*", "\n", body)


def _font(found: re.Match[str]) -> str:
    """Return the shorthand that some releases of matplotlib write without its family."""
    weight = f"font-weight: {found[1]}; " if found[1] else ""
    return f"{weight}font-size: {found[2]}"


def escape(text: str) -> str:
    """Return text that is safe inside an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def put_label(axes: Axes, x: float, y: float, text: str, *, columns: int, weight: str = "normal") -> None:
    """Write a label that ends at ``x``, on two lines where one is too long."""
    lines = wrap(text, columns).split("\n")
    for position, line in enumerate(lines):
        middle = y + 13 * (position - (len(lines) - 1) / 2)
        axes.text(x, middle, line, ha="right", va="center", color=INK, fontweight=weight)


def wrap(text: str, columns: int) -> str:
    """Return text on at most two lines of ``columns``; a wide character takes two columns."""
    if display_width(text) <= columns:
        return text
    cut = max(
        (at for at in range(1, len(text)) if _may_break(text, at) and display_width(text[:at]) <= columns), default=0
    )
    if not cut:
        return text
    head, tail = text[:cut].rstrip(), text[cut:].lstrip()
    while display_width(tail) > columns:
        tail = tail[:-2] + "…"
    return f"{head}\n{tail}"


def display_width(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _may_break(text: str, at: int) -> bool:
    return text[at - 1] in " ·-" or unicodedata.east_asian_width(text[at - 1]) == "W"
