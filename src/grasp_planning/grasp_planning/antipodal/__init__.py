"""Grasps at antipodal points of depth edges (Dex-Net 2.0, Algorithm 1)."""

from grasp_planning.antipodal.options import AntipodalOptions
from grasp_planning.antipodal.planner import AntipodalPlanner

__all__ = ["AntipodalOptions", "AntipodalPlanner"]
