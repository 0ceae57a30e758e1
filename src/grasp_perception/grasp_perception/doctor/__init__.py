"""Looking at one RGB-D frame and saying in words what is wrong with it."""

from grasp_perception.doctor.diagnosis import diagnose
from grasp_perception.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "diagnose"]
