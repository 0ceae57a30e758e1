"""How good a grasp promises to be, and which ones are worth proposing beside each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_planning.antipodal.edges import Pairs
from grasp_planning.antipodal.jaws import Closures
from grasp_planning.antipodal.objects import Objects
from grasp_planning.antipodal.options import AntipodalOptions

Floats = NDArray[np.float64]
_LEAST_LEVER = 0.015
"""Distance from the middle of a small object that counts as far, metres."""


def hold(closures: Closures, options: AntipodalOptions) -> Floats:
    """(N, K) in [0, 1]: deep enough, and with room for the fingers when they come down."""
    depth = np.clip(closures.engagement / options.full_engagement, 0, 1)
    room = np.clip(closures.margin / options.full_margin, 0, 1)
    return depth * (0.4 + 0.6 * room)


def quality(
    pairs: Pairs, center: Floats, held: Floats, contact: Floats, full: Floats, objects: Objects, middle: Floats
) -> Floats:
    """Rank the candidates.

    A product, so that one bad property spoils a grasp:

    - antipodality: 1 for opposite faces, half at a needed friction of 0.5;
    - balance: distance from the object's centre, as the weight's lever turns the object in the jaws;
    - contact: a wide patch resists that turning and tells of parallel faces;
    - fullness: what fills the space between the fingers is no sliver, corner or gap;
    - hold: see `hold`.

    Args:
        pairs: (N) candidates.
        center: (N, 2) centres of the grasps, in the frame of the table.
        held: (N,) from `hold`, at the chosen height.
        contact: (N,) share of the finger that touches.
        full: (N,) share of the space between the fingers that the object fills.
        objects: The objects.
        middle: (L, 2) centres of the objects, in the frame of the table.

    Returns:
        (N,) in [0, 1].
    """
    antipodality = 1 / (1 + (2 * pairs.friction) ** 2)
    lever = np.linalg.norm(center - middle[pairs.labels], axis=-1)
    balance = np.exp(-0.5 * (lever / np.maximum(0.5 * objects.size[pairs.labels], _LEAST_LEVER)) ** 2)
    return antipodality * (0.3 + 0.7 * balance) * (0.3 + 0.7 * contact) * (0.3 + 0.7 * full) * held


def diverse(quality: Floats, center: Floats, axis: Floats, count: int, distance: float, angle: float) -> list[int]:
    """Indices of at most `count` grasps, best first, each away from or turned against all better ones.

    Args:
        quality: (N,) ranks.
        center: (N, 2) metres.
        axis: (N, 2) unit closing axes.
        count: How many at most.
        distance: Nearer than this in metres ...
        angle: ... and turned by less than this, rad modulo pi: the worse one is left out.
    """
    order = np.argsort(-quality, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < count:
        best = int(order[0])
        kept.append(best)
        near = np.linalg.norm(center[order] - center[best], axis=-1) < distance
        parallel = np.abs(axis[order] @ axis[best]) > np.cos(angle)
        alike = near & parallel
        alike[0] = True
        order = order[~alike]
    return kept
