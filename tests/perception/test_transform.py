import pickle

import numpy as np
import pytest

from grasp_perception.transform import Transform

POSE = Transform.from_rpy((0.3, -0.4, 2.0), (1.0, 2.0, 3.0))


def test_compose_and_invert():
    other = Transform.from_rpy((0.0, 0.0, np.pi / 2), (1.0, 0.0, 0.0))
    np.testing.assert_allclose((POSE @ other).matrix(), POSE.matrix() @ other.matrix(), atol=1e-12)
    np.testing.assert_allclose((POSE @ POSE.inverse()).matrix(), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(other.apply([1.0, 0.0, 0.0]), [1.0, 1.0, 0.0], atol=1e-12)


def test_points_of_any_shape():
    points = np.random.default_rng(0).normal(size=(2, 5, 3))
    moved = POSE.apply(points)
    assert moved.shape == (2, 5, 3)
    np.testing.assert_allclose(moved[1, 2], (POSE.matrix() @ [*points[1, 2], 1.0])[:3])


def test_fixed_axis_angles():
    roll, pitch, yaw = 0.3, -0.4, 2.0
    cr, sr, cp, sp, cy, sy = *_cs(roll), *_cs(pitch), *_cs(yaw)
    expected = (
        np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        @ np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    )
    np.testing.assert_allclose(Transform.from_rpy((roll, pitch, yaw)).rotation, expected, atol=1e-12)


def _cs(angle):
    return np.cos(angle), np.sin(angle)


def test_quaternions_are_xyzw_normalised_and_canonical():
    quarter = Transform.from_quaternion((0.0, 0.0, 2.0, 2.0))
    np.testing.assert_allclose(quarter.apply([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(quarter.quaternion(), [0, 0, 0.5**0.5, 0.5**0.5])
    assert Transform.from_quaternion((0.0, 0.0, -1.0, -0.1)).quaternion()[3] > 0


def test_matrix_there_and_back():
    np.testing.assert_allclose(Transform.from_matrix(POSE.matrix()).matrix(), POSE.matrix())
    np.testing.assert_array_equal(Transform.identity().matrix(), np.eye(4))


def test_angle_between():
    assert POSE.angle_to(POSE @ Transform.from_rpy((0.0, 0.25, 0.0))) == pytest.approx(0.25)
    assert Transform.identity().angle_to(Transform.from_rpy((np.pi, 0, 0))) == pytest.approx(np.pi)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rpy", [(0.3, -0.4, 2.0), (0.3, np.pi / 2, 0.5), (-0.3, -np.pi / 2, 0.5), (0.0, 0.0, 0.0)])
def test_roll_pitch_and_yaw_are_found_again(rpy: tuple[float, float, float]) -> None:
    found = Transform.from_rpy(rpy).rpy()
    np.testing.assert_allclose(Transform.from_rpy(found).rotation, Transform.from_rpy(rpy).rotation, atol=1e-9)
    if abs(rpy[1]) < 1.5:
        np.testing.assert_allclose(found, rpy, atol=1e-12)


def test_it_cannot_be_changed_but_sent_elsewhere():
    with pytest.raises(ValueError, match="read-only"):
        POSE.translation[0] = 1.0
    translation = np.zeros(3)
    pose = Transform(np.eye(3), translation)
    translation[0] = 5.0
    assert pose.translation[0] == 0.0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(POSE)).matrix(), POSE.matrix())


@pytest.mark.parametrize(
    ("construct", "reason"),
    [
        (lambda: Transform(np.diag([1.0, 1.0, -1.0]), np.zeros(3)), "not a rotation matrix"),
        (lambda: Transform(2 * np.eye(3), np.zeros(3)), "not a rotation matrix"),
        (lambda: Transform(np.full((3, 3), np.nan), np.zeros(3)), "not a rotation matrix"),
        (lambda: Transform(np.eye(4), np.zeros(3)), r"\(3, 3\)"),
        (lambda: Transform(np.eye(3), np.array([0, np.inf, 0])), "finite"),
        (lambda: Transform.from_quaternion((0, 0, 0, 0)), "quaternion"),
        (lambda: Transform.from_quaternion((0, 0, 1)), "quaternion"),
        (lambda: Transform.from_quaternion((0, np.nan, 0, 1)), "quaternion"),
        (lambda: Transform.from_matrix(np.eye(4)[:3]), "homogeneous"),
        (lambda: Transform.from_matrix(np.ones((4, 4))), "homogeneous"),
    ],
)
def test_what_is_no_transform(construct, reason):
    with pytest.raises(ValueError, match=reason):
        construct()
