"""What can be tuned in the antipodal planner."""

from __future__ import annotations

from pydantic import Field, model_validator
from typing_extensions import Self

from grasp_perception.configuration import Configuration
from grasp_planning.holes import MAX_HOLE, SHADOW


class AntipodalOptions(Configuration):
    """Options of `AntipodalPlanner`: metres and radians. The defaults hold for cameras 0.5 m to 1.5 m away."""

    shadow: int = Field(default=SHADOW, ge=0)
    """Half the width of the blind rim beside an object, which is filled with what is behind it, pixels."""
    max_hole: int = Field(default=MAX_HOLE, ge=0)
    """Largest hole besides that is filled, pixels of area."""
    min_valid: float = Field(default=0.2, gt=0, le=1)
    """Least share of valid pixels in a usable depth image."""
    cell: float | None = Field(default=None, gt=0)
    """Cell of the height map; None = the size of a pixel on the objects, but no less than 0.8 mm."""
    min_object_height: float = Field(default=0.004, gt=0)
    """What stands less above the table is table."""
    min_object_area: float = Field(default=4e-5, ge=0)
    """Smallest area seen of an object, m²; less is noise."""
    skip_cut_objects: bool = True
    """Leave alone what the image's border cuts off, unless it is tracked: it may be the robot."""
    smoothing: float = Field(default=1.0, gt=0)
    """Standard deviation of the Gaussian before the gradient, cells."""
    edge_slope: float = Field(default=0.8, gt=0)
    """Least slope (rise over run) of a depth edge: `g` of Algorithm 1, which is a rise per pixel."""
    friction: float = Field(default=0.4, gt=0)
    """Coefficient of friction at first, `mu_l`."""
    friction_step: float = Field(default=0.2, gt=0)
    """Its increment while there are too few candidates, `delta_mu`."""
    max_friction: float = 1.0
    """Its upper bound."""
    samples: int = Field(default=1000, gt=0)
    """Number of candidates that are enough, `M`."""
    height_step: float = Field(default=0.004, gt=0)
    """Resolution of the height of the finger tips, `delta_h`."""
    finger_clearance: float = Field(default=0.0015, ge=0)
    """Least gap between a finger and anything else when it comes down."""
    table_clearance: float = Field(default=0.003, ge=0)
    """Least height of the finger tips above the table."""
    min_engagement: float = Field(default=0.003, ge=0)
    """Least overlap of finger and object along the approach."""
    full_engagement: float = Field(default=0.012, gt=0)
    """Overlap that leaves nothing to wish for."""
    full_margin: float = Field(default=0.005, gt=0)
    """Gap between an open finger and the object that leaves nothing to wish for."""
    contact_tolerance: float = Field(default=0.0015, gt=0)
    """Depth to which a finger tip or an object yields: what is within it touches the finger."""
    min_quality: float = 0.02
    """What ranks lower is no grasp, such as one across the corner of a box that is too wide."""
    distance: float = Field(default=0.010, ge=0)
    """Proposals nearer than this to a better one ..."""
    angle: float = Field(default=0.5, ge=0)
    """... and turned by less than this are left out."""
    seed: int = Field(default=0, ge=0)
    """Of the random draws: the table fit, and which candidates are tried when there are too many."""

    @model_validator(mode="after")
    def _friction_grows(self) -> Self:
        if self.max_friction < self.friction:
            raise ValueError(f"max_friction {self.max_friction} must be at least friction {self.friction}")
        return self
