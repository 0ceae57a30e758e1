"""A work cell: arm, gripper, camera and a table with objects."""
