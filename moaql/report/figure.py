"""A plot as a PNG and an SVG file, the same bytes each time.

Of matplotlib only its objects are used: nothing that is global is left changed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from moaql.errors import MissingPackage, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
_SETTINGS: Any = {
    "svg.hashsalt": "moaql",  # ids in the file are drawn from it
    "svg.fonttype": "none",  # labels stay text, which can be searched and restyled
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that machines do not differ
    "font.size": 9,
}


def require_matplotlib() -> None:
    """Say at once, before anything is paid, that plots cannot be drawn.

    Raises:
        MissingPackage: if matplotlib is not installed.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingPackage("matplotlib", "A plot")


def new_figure(width: float = 6.0, height: float = 4.0) -> tuple[Figure, Any]:
    """A figure with one pair of axes.

    Args:
        width: In inches.
        height: In inches.

    Raises:
        MissingPackage: if matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure: Figure, folder: str, name: str) -> list[str]:
    """Write a figure, and say where: `NAME.png` and `NAME.svg` in the folder, which is made if it is not there.

    Raises:
        UsageError: if the folder cannot be written to.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    paths = [os.path.join(folder, f"{name}.{kind}") for kind in ("png", "svg")]
    try:
        os.makedirs(folder, exist_ok=True)
        with rc_context(_SETTINGS):
            FigureCanvasAgg(figure).print_figure(paths[0], dpi=DPI, metadata={"Software": "moaql"})
            FigureCanvasSVG(figure).print_figure(paths[1], metadata={"Date": None, "Creator": "moaql"})
    except OSError as error:
        raise UsageError(
            f"cannot write plots to `{folder}`: {(error.strerror or str(error)).lower()}", "Choose another folder."
        ) from None
    return paths
