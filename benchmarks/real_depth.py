"""Whether a planner's best grasp lies on an object in real depth images.

    . ./env.sh && python benchmarks/real_depth.py FOLDER [--planner ggcnn2 …] [--gripper widowx] [--as-said]
        [--focal 525] [--picture FILE] [--json FILE]

FOLDER holds <scene>_depth.npy (m, 0 or NaN where nothing was measured) and <scene>_segmask.png, not 0 where objects
are; <scene>_color.png, if there is one, is shown, and asked about where weights take colour. The planner does not see
the mask. The optical axis goes through the middle of the image.
--as-said: grasps of networks as the network says them, without jaws fitted to the depth.
--picture: a row for each scene, a column for each planner; framed red where no object is grasped.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.depth import decode_depth
from grasp_perception.files import write_atomically, write_json
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import OutcomeError
from grasp_planning.gripper import Gripper
from grasp_planning.overlay import draw_overlay
from grasp_planning.planner import GraspPlanner, load_planner

REPOSITORY = Path(__file__).resolve().parent.parent
PLANNERS = ("antipodal", "ggcnn2", "grconvnet", "unet")
RED = (220, 40, 40)
Scene = tuple[RGBDFrame, NDArray[np.bool_]]


def read(folder: Path, focal: float) -> dict[str, Scene]:
    """Frames and masks by the scenes' names."""
    scenes = {}
    for path in sorted(folder.glob("*_depth.npy")):
        name = path.name.removesuffix("_depth.npy")
        depth = decode_depth(np.load(path).squeeze())
        height, width = depth.shape
        color = cv2.imread(str(folder / f"{name}_color.png"))
        color = np.zeros((height, width, 3), np.uint8) if color is None else np.ascontiguousarray(color[..., ::-1])
        mask = cv2.imread(str(folder / f"{name}_segmask.png"), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            raise SystemExit(f"{folder} has no {name}_segmask.png: without it nobody knows where the objects are")
        intrinsics = CameraIntrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)
        scenes[name] = RGBDFrame(color, depth, intrinsics), mask > 0
    if not scenes:
        raise SystemExit(f"{folder} has no *_depth.npy")
    return scenes


def look(planner: GraspPlanner, scene: Scene) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """What a planner makes of a scene, and a picture."""
    frame, mask = scene
    started = time.perf_counter()
    try:
        best = planner.plan(frame)[0].rectangle
        said = {"quality": best.quality, "on_object": bool(mask[round(best.y), round(best.x)])}
        picture = draw_overlay(frame, [best])
    except OutcomeError as error:
        said = {"quality": None, "on_object": False, "reason": error.message}
        picture = draw_overlay(frame, [], caption=error.message)
    said["ms"] = (time.perf_counter() - started) * 1e3
    if not said["on_object"]:
        cv2.rectangle(picture, (0, 0), (picture.shape[1] - 1, picture.shape[0] - 1), RED, 8)
    return said, picture


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--planner", choices=PLANNERS, action="append", help="only this; may be repeated")
    parser.add_argument("--gripper", default="widowx", help="of config/grippers, and of models/networks")
    parser.add_argument("--as-said", action="store_true", help="without fitting the jaws of networks' grasps")
    parser.add_argument("--focal", type=float, default=525.0, help="of the camera, px")
    parser.add_argument("--picture", type=Path, help="write a picture of all grasps")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    scenes = read(options.folder, options.focal)
    gripper = Gripper.load(REPOSITORY / f"config/grippers/{options.gripper}.yaml")
    models = REPOSITORY / "models/networks" / options.gripper
    found: dict[str, dict[str, Any]] = {}
    columns = []
    for name in options.planner or PLANNERS:
        extra = {"fit_jaws": False} if options.as_said and name != "antipodal" else {}
        planner = load_planner(name, gripper, extra, models=models)
        looks = {scene: look(planner, content) for scene, content in scenes.items()}
        found[name] = {scene: said for scene, (said, _) in looks.items()}
        columns.append(np.vstack([cv2.resize(picture, (320, 240)) for _, picture in looks.values()]))
    title = "quality of the best grasp; - where it is on no object, or there is none"
    table = Table("scene", *found, title=title, title_justify="left")
    for scene in scenes:
        said = [found[name][scene] for name in found]
        table.add_row(scene, *(f"{one['quality']:.2f}" if one["on_object"] else "-" for one in said))
    on = [sum(said["on_object"] for said in of.values()) for of in found.values()]
    table.add_row("on an object", *(f"{count} of {len(scenes)}" for count in on))
    Console().print(table)
    if options.picture:
        _, encoded = cv2.imencode(".png", np.hstack(columns)[..., ::-1])
        write_atomically(options.picture, encoded.tobytes())
    if options.json:
        write_json(options.json, found)


if __name__ == "__main__":
    main()
