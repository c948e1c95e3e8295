# matplotlib's axes are untyped:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""The decisive series as a picture: what is usual, when it left that, and which changes were made."""

import io
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from workers.domain.conclusion import Picture
from workers.domain.telemetry import Series

INK, QUIET, BAND, LINE, ALERT, MARK = "#1d1c1d", "#616061", "#d9efe3", "#1264a3", "#c0392b", "#8a6d1c"
SCALES = {"seconds": (1000.0, "ms"), "ratio": (100.0, "%"), "percent": (1.0, "%"), "bytes": (1e-9, "GB")}
USUAL_SHARE = 0.6
SHOWN = timedelta(minutes=90)
"""How much of the series is drawn; the band of what is usual comes from all of it."""


def png(picture: Picture) -> bytes:
    """A PNG, one panel a series, the same times below each other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = len(picture.series)
    figure = Figure(figsize=(8.4, 0.9 + 2.1 * rows), dpi=150, facecolor="white", layout="constrained")
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
    values = np.array([v * scale if v is not None and isfinite(v) else np.nan for v in series.values])
    usual = values[: int(len(values) * USUAL_SHARE)]
    usual = usual[~np.isnan(usual)]
    if len(usual):
        low, high = np.percentile(usual, [5, 95])
        panel.axhspan(low, max(high, low + 1e-9), color=BAND, zorder=0)
    panel.plot(times, values, color=LINE, linewidth=1.8, zorder=3)
    if picture.onset is not None:
        panel.axvline(picture.onset, color=ALERT, linewidth=1.6, zorder=2)
    for at, _ in picture.marks:
        panel.axvline(at, color=MARK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=2)
    name = f"{series.service[:60]} {series.signal.replace('_', ' ')}" + (f" ({unit})" if unit else "")
    panel.text(
        0.008,
        0.95,
        name,
        transform=panel.transAxes,
        va="top",
        fontsize=11,
        color=INK,
        weight="bold",
        parse_math=False,
    )
    panel.set_ylim(bottom=0, top=_top(values))
    panel.set_xlim(_first(series, picture), series.window.end)
    panel.grid(axis="y", color="#ececec", linewidth=0.9)
    panel.tick_params(colors=QUIET, labelsize=9.5)
    panel.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def _top(values: Any) -> float:
    """Room above the highest point for the panel's name."""
    import numpy as np

    known = values[~np.isnan(values)]
    return 1.3 * float(known.max()) if len(known) and known.max() > 0 else 1.0


def _first(series: Series, picture: Picture) -> datetime:
    """From where to draw: an hour and a half, or more where the onset lies further back."""
    first = series.window.end - SHOWN
    if picture.onset is not None:
        first = min(first, picture.onset - timedelta(minutes=30))
    return max(first, series.window.start)


def _marks(panel: Any, picture: Picture) -> None:
    """Names above the panel, each on a line of its own so that neighbours do not collide."""
    from matplotlib.dates import date2num

    shown = panel.get_xlim()[0]
    named: list[tuple[datetime, str, str]] = [(at, text, MARK) for at, text in picture.marks]
    if picture.onset is not None:
        named.append((picture.onset, "onset", ALERT))
    named = [mark for mark in named if date2num(mark[0]) >= shown]
    for step, (at, text, colour) in enumerate(sorted(named, key=lambda mark: mark[0])):
        panel.annotate(
            f"{text[:32]} ",
            xy=(at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4 + 12 * (len(named) - 1 - step)),
            textcoords="offset points",
            fontsize=9.5,
            color=colour,
            ha="right",
            va="bottom",
            weight="bold",
            parse_math=False,
        )
