"""What can be tuned in the antipodal planner."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from grasp_planning.holes import MAX_HOLE, SHADOW


@dataclass(frozen=True, slots=True)
class AntipodalOptions:
    """Options of `AntipodalPlanner`: metres and radians. The defaults hold for cameras 0.5 m to 1.5 m away."""

    shadow: int = SHADOW
    """Half the width of the blind rim beside an object, which is filled with what is behind it, pixels."""
    max_hole: int = MAX_HOLE
    """Largest hole besides that is filled, pixels of area."""
    min_valid: float = 0.2
    """Least share of valid pixels in a usable depth image."""
    cell: float | None = None
    """Cell of the height map; None = the size of a pixel on the objects, but no less than 0.8 mm."""
    min_object_height: float = 0.004
    """What stands less above the table is table."""
    min_object_area: float = 4e-5
    """Smallest area seen of an object, m²; less is noise."""
    skip_cut_objects: bool = True
    """Leave alone what the image's border cuts off, unless it is tracked: it may be the robot."""
    smoothing: float = 1.0
    """Standard deviation of the Gaussian before the gradient, cells."""
    edge_slope: float = 0.8
    """Least slope (rise over run) of a depth edge: `g` of Algorithm 1, which is a rise per pixel."""
    friction: float = 0.4
    """Coefficient of friction at first, `mu_l`."""
    friction_step: float = 0.2
    """Its increment while there are too few candidates, `delta_mu`."""
    max_friction: float = 1.0
    """Its upper bound."""
    samples: int = 1000
    """Number of candidates that are enough, `M`."""
    height_step: float = 0.004
    """Resolution of the height of the finger tips, `delta_h`."""
    finger_clearance: float = 0.0015
    """Least gap between a finger and anything else when it comes down."""
    table_clearance: float = 0.003
    """Least height of the finger tips above the table."""
    min_engagement: float = 0.003
    """Least overlap of finger and object along the approach."""
    full_engagement: float = 0.012
    """Overlap that leaves nothing to wish for."""
    full_margin: float = 0.005
    """Gap between an open finger and the object that leaves nothing to wish for."""
    contact_tolerance: float = 0.0015
    """Depth to which a finger tip or an object yields: what is within it touches the finger."""
    min_quality: float = 0.02
    """What ranks lower is no grasp, such as one across the corner of a box that is too wide."""
    distance: float = 0.010
    """Proposals nearer than this to a better one ..."""
    angle: float = 0.5
    """... and turned by less than this are left out."""
    seed: int = 0
    """Of the random draws: the table fit, and which candidates are tried when there are too many."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            if not isinstance(value, (int, float)):
                raise ValueError(f"option {field.name} must be a number, got {value!r}")
            if not math.isfinite(value):
                raise ValueError(f"option {field.name} must be finite, got {value}")
            if isinstance(field.default, int) and not isinstance(value, int):
                raise ValueError(f"option {field.name} must be a whole number, got {value}")
        positive = ["min_object_height", "edge_slope", "friction", "friction_step", "samples", "height_step"]
        positive += ["full_engagement", "full_margin", "contact_tolerance", "smoothing"]
        if self.cell is not None:
            positive.append("cell")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ValueError(f"option {name} must be positive, got {getattr(self, name)}")
        others = [
            "shadow",
            "max_hole",
            "min_object_area",
            "finger_clearance",
            "table_clearance",
            "min_engagement",
            "distance",
            "angle",
            "seed",
        ]
        for name in others:
            if not getattr(self, name) >= 0:
                raise ValueError(f"option {name} must be 0 or more, got {getattr(self, name)}")
        if not 0 < self.min_valid <= 1:
            raise ValueError(f"option min_valid must be in (0, 1], got {self.min_valid}")
        if self.max_friction < self.friction:
            raise ValueError(f"option max_friction {self.max_friction} must be at least friction {self.friction}")
