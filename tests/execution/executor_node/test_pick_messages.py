from __future__ import annotations

import pytest
from sensor_msgs.msg import RegionOfInterest

from grasp_execution.nodes.pick_messages import request_from_msg
from grasp_execution.pick import ImageRegion
from grasp_msgs.action import Pick


def region(x, y, width, height):
    roi = RegionOfInterest(x_offset=x, y_offset=y, width=width, height=height)
    return request_from_msg(Pick.Goal(roi=roi)).region


def test_only_a_region_that_is_all_zero_is_the_whole_image():
    assert region(0, 0, 0, 0) is None
    assert region(10, 20, 30, 40) == ImageRegion(10, 20, 30, 40)


@pytest.mark.parametrize("values", [(10, 20, 0, 40), (10, 20, 30, 0), (0, 0, 30, 0), (10, 0, 0, 0)])
def test_an_empty_region_is_left_for_the_planner_to_refuse(values):
    assert region(*values) == ImageRegion(*values)
