"""The canary: one more visitor of the entry, once a minute, who meets what all visitors meet."""

import numpy as np

from workers.sandbox.model.histogram import EDGES
from workers.sandbox.model.requests import Step
from workers.sandbox.model.rows import Writer
from workers.sandbox.model.spec import Application

PATIENCE = 15.0
"""Seconds that the script waits for a page."""
BROWSER = 2.4
"""Seconds that it needs for itself."""
WAITS = {1.0: 30.0, 2.0: 0.6, 3.0: 60.0}
"""Seconds until a broken script gives up, by what is broken: see `scenario/synthetic.py`."""


def visit(application: Application, step: Step, writer: Writer) -> None:
    """Write down the canary's runs in each step, from what the entry's visitors met. Its load is nothing."""
    canary, entry = application.canary, application.traffic.entry
    if canary is None:
        return
    # Dice of its own leave the rest of a step as it was.
    rng = np.random.default_rng([step.seed, 977, int(step.times[0])])
    bad = writer.read(entry, "failed") + writer.read(entry, "refused") + writer.read(entry, "astray")
    asked = np.maximum(writer.read(entry, "requests") + writer.read(entry, "astray"), 1.0)
    histogram = writer.read(entry, "latency")
    seen = np.maximum(histogram.sum(axis=1), 1e-9) if histogram.ndim > 1 else np.ones(step.rows)
    late = histogram[:, EDGES[:-1] > PATIENCE].sum(axis=1) / seen if histogram.ndim > 1 else 0.0
    each = np.minimum(writer.read(entry, "seconds") / seen, PATIENCE)
    good = np.clip((1 - bad / asked) * (1 - late), 0, 1) ** len(canary.pages)
    broken = step.scene.condition(canary.name, "broken")
    runs = (step.times % 60 < step.dt).astype(float)
    passed = runs * (rng.random(step.rows) < (0.0 if broken else good))
    took = BROWSER * (1 + 0.1 * np.abs(rng.normal(size=step.rows))) + len(canary.pages) * each
    took = took + WAITS.get(broken, 0.0)
    writer.write(canary.name, runs=runs, passed=passed, missed=runs - passed, took=runs * took)
