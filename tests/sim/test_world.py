"""Worlds: stepping, snapshots, contacts, sleeping, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pybullet
import pytest

from grasp_perception.transform import Transform
from grasp_sim.physics.sources import Source, SourceError
from grasp_sim.physics.surfaces import OBJECT
from grasp_sim.physics.urdf import Joint, Link, Robot, Shape
from grasp_sim.physics.world import GRAVITY, World, WorldClosed

CUBE = Source.from_robot(Robot("cube", (Link("cube", 0.05, (Shape("box", (0.02, 0.02, 0.02)),)),), ()))
FLOOR = Source.from_robot(Robot("floor", (Link("floor", 1.0, (Shape("box", (1.0, 1.0, 0.1)),)),), ()))


def at(x: float, y: float, z: float) -> Transform:
    return Transform(np.eye(3), np.array([x, y, z]))


def connections() -> int:
    return sum(bool(pybullet.getConnectionInfo(client)["isConnected"]) for client in range(64))


def test_free_fall() -> None:
    with World() as world:
        cube = world.add("cube", CUBE, at(0.0, 0.0, 1.0))
        world.step(120)
        assert world.time == pytest.approx(0.5)
        assert 1.0 - cube.pose.translation[2] == pytest.approx(0.5 * GRAVITY * 0.25, rel=0.02)
        np.testing.assert_allclose(cube.twist[0], [0.0, 0.0, -GRAVITY * 0.5], atol=1e-6)


def test_a_snapshot_is_returned_to_bit_for_bit() -> None:
    with World() as world:
        world.add("floor", FLOOR, at(0.0, 0.0, -0.05), fixed=True)
        cube = world.add("cube", CUBE, Transform.from_rpy([0.3, 0.2, 0.1], [0.0, 0.0, 0.03]))
        world.step(10)
        snapshot = world.save()
        world.step(100)
        first = cube.configuration
        world.restore(snapshot)
        assert world.time == pytest.approx(10 / 240)
        world.step(100)
        assert cube.configuration == first
        world.add("another", CUBE, at(0.3, 0.0, 0.1))
        with pytest.raises(ValueError, match="added or removed"):
            world.restore(snapshot)
        world.forget(snapshot)


def test_contacts_name_bodies_and_carry_the_weight() -> None:
    with World() as world:
        floor = world.add("floor", FLOOR, at(0.0, 0.0, -0.05), fixed=True)
        cube = world.add("cube", CUBE, at(0.0, 0.0, 0.0101))
        cube.set_surface(OBJECT)
        world.step(120)
        contacts = world.contacts(cube)
        assert {contact.other.name for contact in contacts} == {"floor"}
        assert sum(contact.force for contact in contacts) == pytest.approx(0.05 * GRAVITY, rel=0.02)
        np.testing.assert_allclose(contacts[0].normal, [0.0, 0.0, 1.0], atol=1e-3)
        assert world.contacts(floor, cube)


def test_what_sleeps_wakes_when_it_is_pushed() -> None:
    rail = Link("rail", 1.0, (Shape("sphere", (0.001,), collides=False),))
    plate_link = Link("plate", 0.1, (Shape("box", (0.004, 0.02, 0.02)),))
    slide = Joint("slide", "prismatic", "rail", "plate", axis=(1.0, 0.0, 0.0), upper=0.1, velocity=0.1, effort=5.0)
    pusher = Source.from_robot(Robot("pusher", (rail, plate_link), (slide,)))
    with World() as world:
        world.add("floor", FLOOR, at(0.0, 0.0, -0.05), fixed=True)
        sleeper = world.add("sleeper", CUBE, at(0.0, 0.0, 0.0101))
        plate = world.add("pusher", pusher, at(-0.06, 0.0, 0.011), fixed=True).joints["slide"]
        plate.drive(0.0)
        world.step(1000)
        asleep = sleeper.configuration
        world.step(100)
        assert sleeper.configuration == asleep
        plate.drive(0.08)
        world.step(360)
        assert plate.position == pytest.approx(0.08, abs=1e-3)
        assert sleeper.pose.translation[0] == pytest.approx(0.08 - 0.06 + 0.002 + 0.01, abs=1e-3)


def test_the_pose_is_that_of_the_frame_not_of_the_mass() -> None:
    link = Link("offset", 0.1, (Shape("box", (0.1, 0.02, 0.02), (0.05, 0.0, 0.0)),))
    pose = Transform.from_rpy([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    with World() as world:
        body = world.add("offset", Source.from_robot(Robot("offset", (link,), ())), pose)
        np.testing.assert_allclose(body.pose.matrix(), pose.matrix(), atol=1e-9)
        np.testing.assert_allclose(body.center_of_mass, pose.apply([0.05, 0.0, 0.0]), atol=1e-9)
        moved = Transform.from_rpy([0.0, 0.0, 1.0], [0.0, 0.1, 0.2])
        body.pose = moved
        np.testing.assert_allclose(body.pose.matrix(), moved.matrix(), atol=1e-9)


def test_worlds_are_independent_and_leave_nothing_behind() -> None:
    before = connections()
    worlds = [World() for _ in range(8)]
    cubes = [world.add("cube", CUBE, at(0.0, 0.0, 1.0)) for world in worlds]
    worlds[0].step(60)
    assert cubes[0].pose.translation[2] < 0.8
    assert cubes[1].pose.translation[2] == 1.0
    assert connections() == before + 8
    for world in worlds:
        world.close()
        world.close()
    assert connections() == before


def test_a_closed_world_says_so() -> None:
    world = World()
    world.close()
    with pytest.raises(WorldClosed):
        world.step()


@pytest.mark.parametrize("time_step", [0.0, -0.1, 0.02, float("nan")])
def test_a_time_step_that_contacts_do_not_survive_is_refused(time_step: float) -> None:
    with pytest.raises(ValueError, match="time_step"):
        World(time_step=time_step)


def test_urdfs_that_cannot_be_loaded(tmp_path: Path) -> None:
    broken = tmp_path / "broken.urdf"
    broken.write_text("<robot><link name=")
    with World() as world:
        with pytest.raises(SourceError, match="there is no URDF"):
            world.add("missing", Source(path=tmp_path / "none.urdf"))
        with pytest.raises(SourceError, match=r"broken\.urdf"):
            world.add("broken", Source(path=broken))
        assert world.bodies == []
