"""Runs ROS 2 XML launch files where no ROS distribution is installed.

The part of the format that this repository uses, with the meaning it has for `ros2 launch`; anything
else in a file is an error, so that a file which runs here runs there.
"""
