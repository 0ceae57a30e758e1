"""Picks by a simulated robot without ROS, in simulated time alone: the same result on every machine."""
