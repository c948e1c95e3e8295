"""A network that loses packets: some calls over it are never answered, the others are late."""

import numpy as np
from numpy.random import Generator

RETRANSMIT_SECONDS = 0.25
"""What packets cost that arrive at the second or third try."""


def over_bad_wire(
    rng: Generator, apart: np.ndarray, share: float, seconds: np.ndarray, patience: float
) -> tuple[np.ndarray, np.ndarray]:
    """The seconds of calls of which those in `apart` go over it, and which of them are lost."""
    lost = apart & (rng.random(apart.shape, dtype=np.float32) < share)
    again = np.float32(RETRANSMIT_SECONDS) * rng.poisson(1.2, seconds.shape).astype(np.float32)
    late = np.where(apart, seconds + again, seconds)
    return np.where(lost, np.float32(patience), late), lost
