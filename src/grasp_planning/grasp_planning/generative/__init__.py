"""Grasps by generative networks: what goes into one, what comes out, and who runs it."""
