"""Controllers of the simulated arm and gripper, and the thread that steps the physics."""
