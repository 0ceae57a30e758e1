"""The process that renders: reads a line, renders a scene with Blender's Cycles, writes a line.

Run by the Python of an environment that has `bpy` and nothing of this project, so it imports
nothing but `bpy` and numpy. A line is ``{"scene": PATH, "out": PATH}``; what stands in the scene
file is said in `scene_file`. The answer is ``{"done": PATH}`` or ``{"error": TEXT}``. The output
is an .npz of `color`, `depth`, `mask`, or of `left` and `right` if the scene has a pattern.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import numpy as np

bpy: Any = None  # of another environment than this project's; imported when the process runs
REACH = 30.0
"""m: half the side of the ground, which the cameras see as endless."""
SUN, SKY = 0.6, 0.4
"""Brightness of white ground by the lamp straight above, and by light from everywhere."""
SUN_SIZE = 0.04
"""rad: the lamp's angular diameter, which softens shadows."""
PATTERN, DARK = 0.7, 0.2
"""Brightness of white ground under the projector's brightest dot, and of what it does not reach."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
ROUGHNESS = 0.5
"""Of the object: plastic."""


def render_scene(file: Path, out: Path) -> None:
    """Render what a scene file asks for."""
    scene = json.loads(file.read_text())
    folder = file.parent
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _settings(scene)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    _object(folder, scene)
    _ground(folder, scene["ground"])
    lamp = _lamp(scene["light"])
    sky = _sky()

    images: dict[str, Any] = {}
    if "photo" in scene:
        photo = scene["photo"]
        _aim(camera, photo)
        images["depth"], images["mask"] = _geometry()
        sky.inputs["Strength"].default_value = SKY
        linear = _render(photo["samples"], smooth=True, denoise=True)
        images["color"] = (255 * _encoded(linear) + 0.5).astype(np.uint8)
    else:
        pattern = scene["pattern"]
        bpy.data.objects.remove(lamp)
        sky.inputs["Strength"].default_value = DARK
        _projector(folder, pattern)
        for name in ("left", "right"):
            _aim(camera, pattern[name])
            linear = _render(pattern["samples"], smooth=True, denoise=False)
            images[name] = np.clip(linear @ LUMA, 0, 1)
    np.savez(out, **images)


def _settings(scene: dict[str, Any]) -> None:
    settings = bpy.context.scene
    settings.render.engine = "CYCLES"
    settings.cycles.device = "CPU"
    settings.cycles.use_adaptive_sampling = False
    settings.cycles.seed = scene["seed"] % 2**31
    settings.cycles.max_bounces = 3
    settings.render.use_persistent_data = False
    settings.render.resolution_percentage = 100
    settings.render.image_settings.file_format = "OPEN_EXR"
    settings.render.image_settings.color_depth = "32"
    settings.render.image_settings.color_mode = "RGB"
    settings.view_settings.view_transform = "Raw"
    if scene["threads"]:
        settings.render.threads_mode = "FIXED"
        settings.render.threads = scene["threads"]


def _aim(camera: Any, view: dict[str, Any]) -> None:
    """Give the camera a view's intrinsics and pose; Blender's looks along -z, with y up."""
    k = view["camera"]
    render, data = bpy.context.scene.render, camera.data
    render.resolution_x, render.resolution_y = k["width"], k["height"]
    aspect = k["fx"] / k["fy"]  # of a pixel: height over width
    render.pixel_aspect_x, render.pixel_aspect_y = (1.0, aspect) if aspect >= 1 else (1 / aspect, 1.0)
    data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
    data.lens = k["fx"] * data.sensor_width / k["width"]
    data.shift_x = -(k["cx"] - (k["width"] - 1) / 2) / k["width"]
    data.shift_y = (k["cy"] - (k["height"] - 1) / 2) * aspect / k["width"]
    data.clip_start, data.clip_end = 0.01, 100.0
    camera.matrix_world = _matrix(np.array(view["world_from_camera"]) @ np.diag([1.0, -1.0, -1.0, 1.0]))


def _object(folder: Path, scene: dict[str, Any]) -> None:
    with np.load(folder / scene["mesh"]) as file:
        vertices, normals, faces = file["vertices"], file["normals"], file["faces"]
    mesh = bpy.data.meshes.new("object")
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.astype(np.float32).ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.astype(np.int32).ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    mesh.normals_split_custom_set_from_vertices(normals.astype(np.float32).tolist())
    thing = bpy.data.objects.new("object", mesh)
    thing.matrix_world = _matrix(np.array(scene["world_from_body"]))
    thing.pass_index = 1
    bpy.context.collection.objects.link(thing)
    material = _material("object")
    surface = material.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = (*_decoded(np.array(scene["color"])).tolist(), 1.0)
    surface.inputs["Roughness"].default_value = ROUGHNESS
    mesh.materials.append(material)


def _ground(folder: Path, ground: dict[str, Any]) -> None:
    corners = np.array([[-REACH, -REACH], [REACH, -REACH], [REACH, REACH], [-REACH, REACH]])
    mesh = bpy.data.meshes.new("ground")
    mesh.from_pydata([(x, y, 0.0) for x, y in corners.tolist()], [], [(0, 1, 2, 3)])
    uv = np.column_stack([corners, np.ones(4)]) @ np.array(ground["tile_from_ground"]).T
    mesh.uv_layers.new(name="uv").data.foreach_set("uv", uv[:, :2].astype(np.float32).ravel())
    bpy.context.collection.objects.link(bpy.data.objects.new("ground", mesh))
    material = _material("ground")
    texture = np.load(folder / ground["texture"]).astype(np.float32) / 255
    image = _image("ground", _decoded(texture))
    nodes, links = material.node_tree.nodes, material.node_tree.links
    picture = nodes.new("ShaderNodeTexImage")
    picture.image = image
    nodes.remove(nodes["Principled BSDF"])
    surface = nodes.new("ShaderNodeBsdfDiffuse")
    links.new(picture.outputs["Color"], surface.inputs["Color"])
    links.new(surface.outputs[0], nodes["Material Output"].inputs["Surface"])
    mesh.materials.append(material)


def _lamp(light: dict[str, Any]) -> Any:
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    lamp.data.energy = np.pi * SUN
    lamp.data.angle = SUN_SIZE
    z = np.array(light["direction"])  # a sun shines along its -z
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([x, np.cross(z, x), z])
    lamp.matrix_world = _matrix(matrix)
    bpy.context.collection.objects.link(lamp)
    return lamp


def _sky() -> Any:
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    bpy.context.scene.world = world
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (1.0, 1.0, 1.0, 1.0)
    return background


def _projector(folder: Path, pattern: dict[str, Any]) -> None:
    """A spot light that shows an image: its direction, in its own frame, over its depth is a place of the image."""
    k = pattern["projector"]["camera"]
    pose = np.array(pattern["projector"]["world_from_camera"])
    data = bpy.data.lights.new("projector", "SPOT")
    data.spot_size, data.spot_blend, data.shadow_soft_size = np.pi * 0.9, 0.0, 0.0
    distance = pose[2, 3] / -pose[2, 2]
    data.energy = 4 * np.pi**2 * distance**2 * PATTERN
    data.use_nodes = True
    nodes, links = data.node_tree.nodes, data.node_tree.links
    direction = nodes.new("ShaderNodeTexCoord")
    parts = nodes.new("ShaderNodeSeparateXYZ")
    links.new(direction.outputs["Normal"], parts.inputs["Vector"])
    place = nodes.new("ShaderNodeCombineXYZ")
    # Along -z: pixel = f * x / -z + c, and -f * y / -z + c; the first row is at the bottom of Blender's image.
    for axis, focal, center, size in (("X", k["fx"], k["cx"], k["width"]), ("Y", k["fy"], k["cy"], k["height"])):
        ratio = nodes.new("ShaderNodeMath")
        ratio.operation = "DIVIDE"
        links.new(parts.outputs[axis], ratio.inputs[0])
        links.new(parts.outputs["Z"], ratio.inputs[1])
        linear = nodes.new("ShaderNodeMath")
        linear.operation = "MULTIPLY_ADD"
        links.new(ratio.outputs[0], linear.inputs[0])
        linear.inputs[1].default_value = (-1 if axis == "X" else 1) * focal / size
        linear.inputs[2].default_value = (center + 0.5) / size
        links.new(linear.outputs[0], place.inputs[axis])
    picture = nodes.new("ShaderNodeTexImage")
    picture.image = _image("pattern", np.load(folder / pattern["image"]).astype(np.float32) / 255)
    links.new(place.outputs[0], picture.inputs["Vector"])
    links.new(picture.outputs["Color"], nodes["Emission"].inputs["Color"])
    projector = bpy.data.objects.new("projector", data)
    projector.matrix_world = _matrix(pose @ np.diag([1.0, -1.0, -1.0, 1.0]))
    bpy.context.collection.objects.link(projector)


def _geometry() -> tuple[np.ndarray, np.ndarray]:
    """Depth along the optical axis, and where the object is seen, at the pixels' centres."""
    material = bpy.data.materials.new("geometry")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    values, depth, index = (nodes.new(f"ShaderNode{kind}") for kind in ("CombineXYZ", "CameraData", "ObjectInfo"))
    emission, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(depth.outputs["View Z Depth"], values.inputs[0])
    links.new(index.outputs["Object Index"], values.inputs[1])
    links.new(values.outputs[0], emission.inputs["Color"])
    links.new(emission.outputs[0], output.inputs["Surface"])
    layer = bpy.context.view_layer
    layer.material_override = material
    image = _render(1, smooth=False, denoise=False)
    layer.material_override = None
    return image[..., 0], image[..., 1] > 0.5


def _render(samples: int, *, smooth: bool, denoise: bool) -> np.ndarray:
    """(H, W, 3) linear, the first row on top."""
    scene = bpy.context.scene
    scene.cycles.samples = samples
    scene.cycles.use_denoising = denoise
    scene.cycles.pixel_filter_type = "BLACKMAN_HARRIS" if smooth else "BOX"
    scene.cycles.filter_width = 1.5 if smooth else 0.01
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "image.exr"))
        scene.render.filepath = path
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(path)
        image.colorspace_settings.name = "Non-Color"
        width, height = image.size
        values = np.empty(width * height * image.channels, dtype=np.float32)
        image.pixels.foreach_get(values)
        bpy.data.images.remove(image)
    return values.reshape(height, width, -1)[::-1, :, :3].copy()


def _material(name: str) -> Any:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material


def _image(name: str, grey: np.ndarray) -> Any:
    """A linear image; its row 0 is at v = 0."""
    height, width = grey.shape
    image = bpy.data.images.new(name, width, height, float_buffer=True)
    image.colorspace_settings.name = "Non-Color"
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :3] = grey[..., None]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


def _matrix(matrix: np.ndarray) -> Any:
    return importlib.import_module("mathutils").Matrix(matrix.tolist())


def _decoded(srgb: np.ndarray) -> np.ndarray:
    """SRGB in [0, 1] to linear."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _encoded(linear: np.ndarray) -> np.ndarray:
    """Linear to sRGB in [0, 1]."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def main() -> None:
    """Serve until the input ends."""
    global bpy
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # Blender prints to standard output
    bpy = importlib.import_module("bpy")
    print(json.dumps({"ready": ".".join(map(str, bpy.app.version))}), file=answers)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            render_scene(Path(request["scene"]), Path(request["out"]))
            answer = {"done": request["out"]}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
