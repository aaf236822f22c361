"""The charts, as SVG: drawn in colours that are legible on a white page and on a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from figures import Figure, Results, Row
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch
from measure import CORRECT

TEXT = "#7d8590"
FAINT = "#7d859040"
CYTHON = "#2f81f7"
PYTHON = "#d29922"
PEERS = {
    "telnetlib3": "#a371f7",
    "Twisted": "#db6d28",
    "mudtelnet": "#e5534b",
    "miniboa": "#bf4b8a",
    "telnetlib": "#8a6d5a",
    "libtelnet (C)": "#6e7681",
    "limit (C)": "#3fb950",
}
COLOURS = {"Cython": CYTHON, "pure Python": PYTHON, **PEERS}

STYLE: dict[Any, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "svg.fonttype": "path",
    "svg.hashsalt": "telnet",  # the same figures give the same file
    "text.color": TEXT,
    "axes.facecolor": "none",
    "axes.labelcolor": TEXT,
    "axes.edgecolor": FAINT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "grid.color": FAINT,
}


def draw(results: Results, into: Path) -> None:
    with mpl.rc_context(STYLE):
        save(ratios(results), into / "speed.svg")
        save(costs(results), into / "costs.svg")


def save(canvas: Canvas, path: Path) -> None:
    canvas.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})


# --- how many times as fast as the best other -------------------------------------------------------------------------


def ratios(results: Results) -> Canvas:
    """Draw two bars for each corpus, on a scale where every step is ten times as fast."""
    rows = against_best(results)
    canvas = Canvas(figsize=(8.4, 0.58 * len(rows) + 1.3), layout="constrained")
    axes = canvas.subplots()
    for place, row in enumerate(rows):
        assert row.cython and row.python
        bar(axes, place - 0.19, row.cython, CYTHON)
        bar(axes, place + 0.19, row.python, PYTHON)
    axes.axvline(1, color=TEXT, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(0.8, 1.7 * max(row.cython.value for row in rows if row.cython))
    axes.set_yticks(range(len(rows)), [f"{row.corpus}\n" for row in rows], fontweight="bold", fontsize=10.5)
    for place, row in enumerate(rows):
        described = f"{row.what}; best: {row.compared_with}"
        axes.annotate(
            described,
            (0, place),
            (-6, -6),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
        )
    axes.invert_yaxis()
    axes.set_xticks([1, 10, 100], ["1×", "10×", "100×"])
    axes.set_xlabel("times as fast as the best other Python parser (logarithmic)")
    axes.grid(axis="x", which="major", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.minorticks_off()
    axes.spines[:].set_visible(False)
    handles = [Patch(color=CYTHON, label="telnet, Cython"), Patch(color=PYTHON, label="telnet, pure Python")]
    canvas.legend(handles=handles, loc="outside upper right", ncols=2, frameon=False)
    return canvas


def against_best(results: Results) -> list[Row]:
    """Return the first row of each corpus: the one with the best peer."""
    first = {row.corpus: row for row in reversed(results.rows) if row.cython and row.cython.bar and row.python}
    corpora = dict.fromkeys(cost.corpus for cost in results.costs)
    return [first[corpus] for corpus in corpora]


def bar(axes: Axes, place: float, figure: Figure, colour: str) -> None:
    axes.barh(place, figure.value - 1, height=0.34, left=1, color=colour)
    axes.annotate(
        times(figure.value), (max(figure.value, 1), place), (4, 0), textcoords="offset points", va="center", fontsize=9
    )


def times(value: float) -> str:
    return f"{value:.0f}×" if value >= 10 else f"{value:.1f}×"


# --- what everybody takes ---------------------------------------------------------------------------------------------


def costs(results: Results) -> Canvas:
    """Draw a dot for each parser on each corpus; a ring is one that gets the corpus wrong."""
    corpora = list(dict.fromkeys(cost.corpus for cost in results.costs))
    groups = [[name for name in corpora if results.cost(name, "Cython").unit == unit] for unit in ("byte", "feed")]
    canvas = Canvas(figsize=(8.4, 0.42 * len(corpora) + 2.3), layout="constrained")
    heights = [len(group) for group in groups]
    for axes, group, unit in zip(canvas.subplots(2, height_ratios=heights), groups, ("byte", "feed"), strict=True):
        dots(axes, results, group)
        axes.set_xlabel(f"nanoseconds a {unit} (logarithmic)")
    handles, labels = canvas.axes[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside upper center", ncols=5, frameon=False, fontsize=9)
    canvas.supxlabel("A ring is a parser that gets the corpus wrong.", fontsize=9)
    return canvas


LARGE = {"s": 64, "zorder": 4}
SMALL = {"s": 38, "zorder": 3}


def dots(axes: Axes, results: Results, corpora: Sequence[str]) -> None:
    axes.set_xscale("log")
    for name, colour in COLOURS.items():
        ours = name in ("Cython", "pure Python")
        label = f"telnet, {name}" if ours else name
        style: dict[str, Any] = {"edgecolors": colour, "linewidths": 1.3, **(LARGE if ours else SMALL)}
        axes.scatter([], [], color=colour, label=label, **style)
        for place, corpus in enumerate(corpora):
            cost = results.cost(corpus, name)
            if cost.nanoseconds is not None:
                face = colour if cost.verdict == CORRECT else "none"
                axes.scatter(cost.nanoseconds, place, facecolors=face, **style)
    axes.set_yticks(range(len(corpora)), corpora, fontweight="bold")
    axes.set_ylim(len(corpora) - 0.5, -0.5)
    axes.grid(axis="both", which="major", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.minorticks_off()
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
