"""`grasp data …`: datasets of grasps, made and checked. A command is a module with a function `command`."""
