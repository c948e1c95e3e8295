# matplotlib's axes are untyped:
# pyright: reportUnknownMemberType=false
"""The decisive series as a picture: what is usual, when it left that, and which changes were made."""

import io
from datetime import UTC, datetime
from typing import Any

from workers.domain.conclusion import Picture
from workers.domain.telemetry import Series

INK, QUIET, BAND, LINE, ALERT, MARK = "#1d1c1d", "#616061", "#e8f1ec", "#1264a3", "#c0392b", "#8a6d1c"
SCALES = {"seconds": (1000.0, "ms"), "ratio": (100.0, "%"), "percent": (1.0, "%"), "bytes": (1e-9, "GB")}
USUAL_SHARE = 0.6


def png(picture: Picture) -> bytes:
    """A PNG, one panel a series, the same times below each other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = len(picture.series)
    figure = Figure(figsize=(9, 0.7 + 2.3 * rows), dpi=140, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, 1, sharex=True, squeeze=False)
    for series, panel in zip(picture.series, panels[:, 0], strict=True):
        _panel(panel, series, picture)
    _marks(panels[0, 0], picture)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _panel(panel: Any, series: Series, picture: Picture) -> None:
    import numpy as np
    from matplotlib.dates import DateFormatter

    scale, unit = SCALES.get(series.unit, (1.0, ""))
    times = [series.time(i) for i in range(len(series.values))]
    values = np.array([np.nan if v is None else v * scale for v in series.values])
    usual = values[: int(len(values) * USUAL_SHARE)]
    usual = usual[~np.isnan(usual)]
    if len(usual):
        low, middle, high = np.percentile(usual, [5, 50, 95])
        panel.axhspan(low, high, color=BAND, zorder=0, label="usual")
        panel.axhline(middle, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
    panel.plot(times, values, color=LINE, linewidth=1.4, zorder=3)
    if picture.onset is not None:
        panel.axvline(picture.onset, color=ALERT, linewidth=1.4, zorder=2)
    for at, _ in picture.marks:
        panel.axvline(at, color=MARK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=2)
    name = f"{series.service} {series.signal.replace('_', ' ')}" + (f" ({unit})" if unit else "")
    panel.set_title(name, loc="left", fontsize=10, color=INK, fontweight="bold")
    panel.set_ylim(bottom=0)
    panel.margins(x=0)
    panel.grid(axis="y", color="#eeeeee", linewidth=0.8)
    panel.tick_params(colors=QUIET, labelsize=8)
    panel.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def _marks(panel: Any, picture: Picture) -> None:
    """Names above the lines, each a step lower than the one before so that neighbours do not collide."""
    named: list[tuple[datetime, str, str]] = [(at, text, MARK) for at, text in picture.marks]
    if picture.onset is not None:
        named.append((picture.onset, "onset", ALERT))
    for step, (at, text, colour) in enumerate(sorted(named, key=lambda mark: mark[0])):
        panel.annotate(
            text[:32],
            xy=(at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4, -4 - 13 * step),
            textcoords="offset points",
            fontsize=8,
            color=colour,
            ha="right",
            va="top",
            fontweight="bold",
        )
