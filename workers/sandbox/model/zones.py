"""What a step looks like by availability zone: a balancer counts requests and failures for each."""

import numpy as np

from workers.sandbox.model.histogram import tally
from workers.sandbox.model.queueing import Floats
from workers.sandbox.model.requests import Step
from workers.sandbox.model.rows import Writer
from workers.sandbox.model.work import Work

COUNTS = ("requests", "failed")


class Zones:
    """Writes a service's columns by zone. Dice of its own leave the rest of a step as it was."""

    def __init__(self, step: Step, writer: Writer) -> None:
        """Everything is written to `writer`."""
        self.step, self.writer = step, writer
        self.rng = np.random.default_rng([step.seed, 4021, int(step.times[0])])

    def write(self, name: str, done: list[tuple[Work, Floats]], cut: Floats) -> None:
        """Split the counts of a service, of whose failures so many belong to the ailing tasks alone."""
        shares = self.step.scene.zones.get(name)
        if not shares:
            return
        ailing = self.step.scene.ailing.get(name)
        for field in COUNTS:
            count = np.asarray(self.writer.read(name, field), np.int64)
            apart = np.minimum(cut, count).astype(np.int64) if ailing and field == "failed" else 0 * count
            parts = self.rng.multinomial(count - apart, list(shares.values()))
            for nth, zone in enumerate(shares):
                mine = apart if ailing and ailing.zone == zone else 0
                self.writer.row[(name, f"{field} {zone}")] = parts[:, nth] + mine
        for zone, share in shares.items():
            out = np.ceil(self.step.scene.condition(name, f"unhealthy {zone}"))
            self.writer.row[(name, f"share {zone}")] = np.full(self.step.rows, share)
            self.writer.row[(name, f"unhealthy {zone}")] = np.full(self.step.rows, out)
        if ailing is not None:
            self._latency(name, done, ailing.zone)

    def _latency(self, name: str, done: list[tuple[Work, Floats]], ailing: str) -> None:
        """Histograms by zone, where zones differ; the others share that of the service."""
        shares = self.step.scene.zones[name]
        rest = max(1 - shares.get(ailing, 0.0), 1e-9)
        for zone, share in shares.items():
            for work, served in done:
                apart = work.apart if work.apart is not None else np.zeros(work.seconds.shape, bool)
                mask = apart if zone == ailing else ~apart
                part = mask.mean(axis=1) * (1.0 if zone == ailing else share / rest)
                seconds = _drawn(work.seconds, mask)
                self.writer.add((name, f"latency {zone}"), tally(seconds, served * part))
                self.writer.add((name, f"seconds {zone}"), seconds.mean(axis=1) * served * part)


def _drawn(seconds: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """As many samples as there were, of those in the mask only; all of them where there are none."""
    drawn = seconds.copy()
    for row, (values, usable) in enumerate(zip(seconds, mask, strict=True)):
        if usable.any():
            drawn[row] = np.resize(values[usable], len(values))
    return drawn
