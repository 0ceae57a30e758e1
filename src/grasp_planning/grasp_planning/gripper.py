"""The geometry of a parallel-jaw gripper."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, model_validator

from grasp_perception.configuration import Configuration


class Gripper(Configuration):
    """A parallel-jaw gripper, in the tool frame: +z approach, +x closing axis, origin between the tips.

    A finger is a box: `finger_thickness` along x, `finger_width` along y, and from the tips
    `finger_length` back along -z to the palm. Metres and newtons.
    """

    name: str
    min_opening: float = Field(ge=0)
    """Gap between the fingers when closed on nothing."""
    max_opening: float = Field(gt=0)
    """Gap between the fingers when open."""
    finger_thickness: float = Field(gt=0)
    finger_width: float = Field(gt=0)
    jaw_sizes: tuple[PositiveFloat, ...] = ()
    """Widths that its fingers are made in, where there are several; `finger_width` is the usual one."""
    finger_length: float = Field(gt=0)
    palm_size: tuple[float, float, float]
    """Box behind the fingers: extents along x, y, z; its front face touches the fingers' roots."""
    max_force: float = Field(gt=0)
    """Force of the jaws on an object, N."""
    max_speed: float = Field(gt=0)
    """Speed at which the gap opens or closes, m/s."""

    def with_jaw(self, size: float) -> Gripper:
        """The same gripper with fingers of another width, m."""
        return self.model_copy(update={"finger_width": size})

    @model_validator(mode="after")
    def _opening_range(self) -> Gripper:
        if self.max_opening <= self.min_opening:
            raise ValueError(f"max_opening {self.max_opening} must be greater than min_opening {self.min_opening}")
        return self
