"""The robot, its camera and the objects, simulated in pyBullet."""

from grasp_sim.physics.silence import silenced

with silenced():  # pyBullet greets on standard output when it is imported first
    import pybullet as _pybullet  # noqa: F401
