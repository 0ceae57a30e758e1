"""Rigid transforms."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

FloatArray = NDArray[np.float64]

IDENTITY = np.eye(3)
LAST_ROW = np.array([0.0, 0.0, 0.0, 1.0])
TOLERANCE = 1e-5
"""By which a rotation may fail to be orthonormal."""


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """A rigid transform of 3-D space (SE(3)).

    Variables are named ``target_from_source``: ``base_from_camera @ camera_from_object`` is
    ``base_from_object``, and ``base_from_camera.apply(points)`` takes points in the camera frame
    to the base frame.
    """

    rotation: FloatArray
    """(3, 3) rotation matrix."""
    translation: FloatArray
    """(3,) in metres."""

    def __post_init__(self) -> None:
        rotation = np.array(self.rotation, dtype=np.float64)
        translation = np.array(self.translation, dtype=np.float64)
        if rotation.shape != (3, 3) or translation.shape != (3,):
            raise ValueError(
                f"a transform needs a (3, 3) rotation and a (3,) translation, got {rotation.shape} and "
                f"{translation.shape}"
            )
        if not np.isfinite(translation).all():
            raise ValueError(f"the translation of a transform must be finite, got {translation}")
        # Not `allclose`, which takes ten times as long: trials make a transform for every pose they ask for.
        skew = np.abs(rotation @ rotation.T - IDENTITY).max()
        if not skew < TOLERANCE or np.linalg.det(rotation) < 0.0:
            raise ValueError(f"not a rotation matrix (orthonormal, determinant +1): {rotation.tolist()}")
        rotation.flags.writeable = False
        translation.flags.writeable = False
        object.__setattr__(self, "rotation", rotation)
        object.__setattr__(self, "translation", translation)

    @classmethod
    def identity(cls) -> Transform:
        """The transform that changes nothing."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_matrix(cls, matrix: ArrayLike) -> Transform:
        """From a (4, 4) homogeneous matrix."""
        homogeneous = np.asarray(matrix, dtype=np.float64)
        if homogeneous.shape != (4, 4) or not np.abs(homogeneous[3] - LAST_ROW).max() < TOLERANCE:
            raise ValueError(f"not a (4, 4) homogeneous matrix with last row 0 0 0 1: {homogeneous.tolist()}")
        return cls(homogeneous[:3, :3], homogeneous[:3, 3])

    @classmethod
    def from_quaternion(cls, quaternion: ArrayLike, translation: ArrayLike = (0.0, 0.0, 0.0)) -> Transform:
        """From a quaternion x, y, z, w (normalised here) and a translation in metres."""
        xyzw = np.asarray(quaternion, dtype=np.float64)
        norm = np.linalg.norm(xyzw)
        if xyzw.shape != (4,) or not np.isfinite(norm) or norm < 1e-6:
            raise ValueError(f"a rotation needs a quaternion (x, y, z, w) of length near 1, got {xyzw.tolist()}")
        return cls(Rotation.from_quat(xyzw).as_matrix(), np.asarray(translation, dtype=np.float64))

    @classmethod
    def from_rpy(cls, rpy: ArrayLike, translation: ArrayLike = (0.0, 0.0, 0.0)) -> Transform:
        """From roll, pitch, yaw about the fixed axes x, y, z (URDF's convention, rad)."""
        return cls(Rotation.from_euler("xyz", np.asarray(rpy)).as_matrix(), np.asarray(translation, dtype=np.float64))

    @classmethod
    def from_axes(cls, x: FloatArray, z: FloatArray, origin: FloatArray) -> Transform:
        """From the source's x- and z-axis, (3,) unit vectors square to each other, and its origin, in the target."""
        return cls(np.stack([x, np.cross(z, x), z], axis=1), origin)

    def matrix(self) -> FloatArray:
        """(4, 4) homogeneous matrix."""
        homogeneous = np.eye(4)
        homogeneous[:3, :3] = self.rotation
        homogeneous[:3, 3] = self.translation
        return homogeneous

    def quaternion(self) -> FloatArray:
        """(4,) quaternion x, y, z, w, with w >= 0."""
        return self._turn().as_quat(canonical=True)

    def rpy(self) -> FloatArray:
        """(3,) roll, pitch, yaw about the fixed axes x, y, z, rad; of several answers, at a pitch of 90°, one."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Gimbal lock")
            return self._turn().as_euler("xyz")

    def _turn(self) -> Rotation:
        return Rotation.from_matrix(self.rotation.copy())  # before 1.12 scipy takes no array that cannot be written

    def inverse(self) -> Transform:
        """``source_from_target``."""
        return Transform(self.rotation.T, -self.rotation.T @ self.translation)

    def __matmul__(self, other: Transform) -> Transform:
        return Transform(self.rotation @ other.rotation, self.rotation @ other.translation + self.translation)

    def apply(self, points: ArrayLike) -> FloatArray:
        """Transform points.

        Args:
            points: (..., 3) in the source frame, metres.

        Returns:
            (..., 3) in the target frame.
        """
        return np.asarray(points) @ self.rotation.T + self.translation

    def angle_to(self, other: Transform) -> float:
        """Angle of the rotation between the two, rad in [0, pi]."""
        return float(Rotation.from_matrix(self.rotation.T @ other.rotation).magnitude())
