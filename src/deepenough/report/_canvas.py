"""A sheet to draw on with matplotlib, in CSS pixels, that becomes a small inline SVG.

Colours are drawn as sentinels and turned into CSS variables, so that one drawing serves light and dark; text stays
text, in the page's own font.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

COLOURS = {name: f"#0{i}010{i}" for i, name in enumerate(("ink", "muted", "line", "accent", "paper", "soft"), start=1)}
_VARIABLES = {sentinel: f"var(--{name})" for name, sentinel in COLOURS.items()}
_FAMILY = re.compile(r"font-family:[^;]*;? ?")
_FONT = re.compile(r"font: (\d+|bold)? ?([\d.]+)px [^;]*")  # how matplotlib before 3.10 writes it
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_KEEP = {"d", "x", "y", "width", "height", "style", "transform", "viewBox"}
Point = tuple[float, float]


class Canvas:
    """A sheet of `width` by `height` pixels; (0, 0) is the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._order = 0
        self._figure = Figure(figsize=(width / 72, height / 72), dpi=72, frameon=False)
        FigureCanvasSVG(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1), frameon=False, xlim=(0, width), ylim=(height, 0))
        self._axes.set_axis_off()

    def _next(self) -> int:
        """Return the layer above all drawn so far: what is drawn later lies on top, whatever its kind."""
        self._order += 1
        return self._order

    def line(self, points: Sequence[Point], colour: str = "line", width: float = 1.0, dash: Any = "-") -> None:
        """Draw a line through the points."""
        x, y = zip(*points, strict=True)
        self._axes.plot(
            x,
            y,
            color=COLOURS[colour],
            linewidth=width,
            linestyle=dash,
            clip_on=False,
            solid_capstyle="round",
            solid_joinstyle="round",
            zorder=self._next(),
        )

    def dots(self, points: Iterable[Point], colour: str = "accent", size: float = 4.0, opacity: float = 1.0) -> None:
        """Draw many dots as one shape: a thousand of them weigh 15 kB."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        corners = [corner for x, y in points for corner in ((x, y), (x + 0.1, y))]
        if corners:
            path = Path(corners, [Path.MOVETO, Path.LINETO] * (len(corners) // 2))
            self._axes.add_patch(
                PathPatch(
                    path,
                    fill=False,
                    edgecolor=COLOURS[colour],
                    linewidth=size,
                    capstyle="round",
                    alpha=opacity,
                    clip_on=False,
                    zorder=self._next(),
                )
            )

    def ring(self, at: Point, colour: str, radius: float = 4.0, filled: bool = True) -> None:
        """Draw one round mark; a hollow one shows the paper inside."""
        from matplotlib.patches import Circle

        inside = COLOURS[colour if filled else "paper"]
        self._axes.add_patch(
            Circle(
                at,
                radius,
                facecolor=inside,
                edgecolor=COLOURS[colour],
                linewidth=1.5,
                clip_on=False,
                zorder=self._next(),
            )
        )

    def boxes(self, boxes: Iterable[tuple[float, float, float, float]], colour: str, opacity: float) -> None:
        """Fill boxes (left, top, width, height) as one shape."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        corners: list[Point] = []
        for x, y, w, h in boxes:
            corners += [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * (len(corners) // 5)
        if corners:
            self._axes.add_patch(
                PathPatch(
                    Path(corners, codes),
                    facecolor=COLOURS[colour],
                    edgecolor="none",
                    alpha=opacity,
                    clip_on=False,
                    zorder=self._next(),
                )
            )

    def area(self, points: Sequence[Point], colour: str, opacity: float) -> None:
        """Fill what the points enclose."""
        from matplotlib.patches import Polygon

        face = {"facecolor": COLOURS[colour], "edgecolor": "none", "alpha": opacity}
        self._axes.add_patch(Polygon(points, closed=True, clip_on=False, zorder=self._next(), **face))

    def text(
        self,
        at: Point,
        text: str,
        colour: str = "ink",
        size: float = 12.0,
        anchor: str = "left",
        bold: bool = False,
        turn: float = 0.0,
    ) -> None:
        """Write a text whose middle line is at `at`; never read as mathematics, whatever it holds."""
        weight = "bold" if bold else "normal"
        self._axes.text(
            *at,
            text,
            color=COLOURS[colour],
            fontsize=size,
            ha=anchor,
            va="center",
            rotation=turn,
            rotation_mode="anchor",
            fontweight=weight,
            parse_math=False,
            clip_on=False,
            zorder=self._next(),
        )

    def svg(self, name: str, label: str) -> str:
        """Return the drawing; `name` makes its ids its own, `label` is what a screen reader says."""
        import matplotlib

        buffer = io.StringIO()
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names in scripts our measuring font lacks: the browser has its own
            self._figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        return _clean(buffer.getvalue(), name, label)


def _clean(source: str, name: str, label: str) -> str:
    """Keep the shapes; drop what would clash or weigh: ids, metadata, namespaces, decimals nobody sees."""
    root = ElementTree.fromstring(source)  # our own drawing, just written
    view = root.get("viewBox", "")
    drawing = ElementTree.Element(
        "svg",
        {
            "viewBox": view,
            "id": f"chart-{name}",
            "role": "img",
            "aria-label": label,
            "style": f"--natural:{view.split()[2]}px",
        },
    )
    for node in root.iter():
        tag = node.tag.rpartition("}")[2]
        if tag in ("path", "text"):
            kept = {k: _tidy(k, v) for k, v in node.attrib.items() if k in _KEEP and "rotate(-0 " not in v}
            copy = ElementTree.SubElement(drawing, tag, kept)
            copy.text = node.text
    return ElementTree.tostring(drawing, encoding="unicode")


def _tidy(key: str, value: str) -> str:
    if key == "style":
        for sentinel, variable in _VARIABLES.items():
            value = value.replace(sentinel, variable)
        return _FONT.sub(r"font-size:\2px;font-weight:\1", _FAMILY.sub("", value)).replace("font-weight:;", "")
    short = _NUMBER.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), value)
    return re.sub(r"\s+([MLC])\s*", r"\1", short).strip()
