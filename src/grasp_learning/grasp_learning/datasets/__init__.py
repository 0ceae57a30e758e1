"""Grasp datasets on disk: Jacquard and Cornell, read, written, checked and split by objects."""
