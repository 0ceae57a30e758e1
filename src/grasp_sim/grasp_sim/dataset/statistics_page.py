"""The statistics of a dataset as one HTML page, with everything in it."""

from __future__ import annotations

import base64
import json
from html import escape
from typing import Any

from grasp_sim.dataset.index import Header

WIDTH, HEIGHT, FLOOR, LEFT = 460, 190, 24, 44
STYLE = """
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #23272e; background: #f4f5f7 }
body { max-width: 1440px; margin: 2em auto; padding: 0 1.5em }
h1 { font-size: 1.5em; margin-bottom: .2em } h2 { font-size: 1.05em; margin: 0 0 .6em }
.numbers { display: flex; flex-wrap: wrap; gap: .8em; margin: 1.2em 0 }
.numbers div, section { background: #fff; border: 1px solid #dfe2e7; border-radius: 8px; padding: .8em 1.1em }
.numbers b { display: block; font-size: 1.5em; font-variant-numeric: tabular-nums }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(440px, 1fr)); gap: .8em }
section { margin-bottom: .8em } .charts section { margin: 0 }
img { max-width: 100%; display: block } svg { width: 100%; height: auto; display: block }
svg text { font-size: 11px; fill: #5b6472 } svg rect { fill: #3f6fb5 } svg line { stroke: #c9ced6 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: .2em .9em .2em 0; text-align: left }
td.n { text-align: right } pre { overflow-x: auto; font-size: .85em } p { margin: .3em 0; color: #5b6472 }
"""


def statistics_page(header: Header, facts: dict[str, Any], rejected: list[dict[str, str]], sheet: bytes) -> str:
    """The page.

    Args:
        header: Of the index.
        facts: From `statistics`.
        rejected: Meshes that could not be used: name and reason.
        sheet: PNG of the contact sheet, or nothing.
    """
    numbers = [("scenes", "scenes"), ("objects", "objects"), ("grasps", "grasps"), ("annotations", "with jaw sizes")]
    tiles = "".join(f"<div><b>{facts[key]:,}</b>{label}</div>" for key, label in numbers)
    mean = facts["grasps_per_scene"].get("mean", 0.0)
    tiles += f"<div><b>{mean:.1f}</b>grasps a scene</div><div><b>{facts['rejected']:,}</b>meshes rejected</div>"
    tiles += f"<div><b>{facts['scenes_without_grasps']:,}</b>scenes without a grasp</div>"
    charts = [
        _section("Grasps in a scene", _histogram(facts["grasps_per_scene"], 1.0, "")),
        _section("Opening at the scale of the ground, cm", _histogram(facts["opening_m"], 100.0, "")),
        _section("Angle, degrees", _histogram(facts["angle_degrees"], 1.0, "")),
        _section("Longest side of the object, cm", _histogram(facts["longest_side_m"], 100.0, "")),
        _section(
            "Annotations by size of jaw, cm",
            _bars([(f"{100 * float(jaw):g}", count) for jaw, count in facts["jaw_sizes"].items()]),
        ),
        _section("What became of the candidates", _candidates(facts)),
    ]
    families = [
        (name, *(f"{row[key]:,}" for key in ("objects", "scenes", "grasps"))) for name, row in facts["families"].items()
    ]
    sections = [
        _section("Families", _table(("family", "objects", "scenes", "grasps"), families)),
        _section("Meshes that were rejected", _table(("mesh", "reason"), [(r["name"], r["reason"]) for r in rejected])
                 if rejected else "<p>None.</p>"),
        "<section><details><summary>Recipe</summary><pre>"
        f"{escape(json.dumps(header.model_dump(mode='json'), indent=2))}</pre></details></section>",
    ]  # fmt: skip
    picture = ""
    if sheet:
        data = base64.b64encode(sheet).decode()
        picture = f'<section><img alt="some scenes with grasps" src="data:image/png;base64,{data}"></section>'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Grasp dataset</title>'
        f"<style>{STYLE}</style></head><body><h1>Grasp dataset</h1>"
        f"<p>Meshes {escape(header.meshes)}, seed {header.seed}, gripper {escape(header.gripper.name)}, "
        f"{facts['candidates']:,} candidates tried ({escape(header.settings.approach)}).</p>"
        f'<div class="numbers">{tiles}</div><div class="charts">{"".join(charts)}</div><br>{picture}'
        f"{''.join(sections)}</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _candidates(facts: dict[str, Any]) -> str:
    if facts["failures"] is None:
        return "<p>Failed candidates were not kept.</p>"
    parts = {"success": facts["successes"], **facts["failures"]}
    total = max(1, facts["candidates"])
    return _bars([(name, count) for name, count in parts.items()], lambda count: f"{count / total:.1%}")


def _histogram(summary: dict[str, Any], unit: float, suffix: str) -> str:
    """Bars over a numeric axis."""
    counts, edges = summary["histogram"], [unit * edge for edge in summary["edges"]]
    most = max([*counts, 1])
    width = (WIDTH - LEFT) / len(counts)
    parts = []
    for index, count in enumerate(counts):
        high = (HEIGHT - FLOOR - 14) * count / most
        label = f"{edges[index]:.4g} to {edges[index + 1]:.4g}{suffix}: {count:,}"
        parts.append(
            f'<rect x="{LEFT + index * width + 1:.1f}" y="{HEIGHT - FLOOR - high:.1f}" width="{width - 2:.1f}" '
            f'height="{high:.1f}"><title>{label}</title></rect>'
        )
    for index in range(0, len(edges), 5):
        x = LEFT + index * width
        anchor = "end" if index == len(counts) else "middle"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{edges[index]:.3g}</text>')
    facts = ", ".join(f"{name} {unit * summary[name]:.3g}" for name in ("mean", "median") if name in summary)
    return _chart("".join(parts), most) + f"<p>{facts}</p>"


def _bars(rows: list[tuple[str, int]], label: Any = lambda count: f"{count:,}") -> str:
    """A bar for each of a few names."""
    most = max([count for _, count in rows] + [1])
    width = (WIDTH - LEFT) / max(1, len(rows))
    parts = []
    for index, (name, count) in enumerate(rows):
        high = (HEIGHT - FLOOR - 14) * count / most
        x = LEFT + (index + 0.5) * width
        top = HEIGHT - FLOOR - high
        parts.append(
            f'<rect x="{x - 0.35 * width:.1f}" y="{top:.1f}" width="{0.7 * width:.1f}" height="{high:.1f}">'
            f"<title>{escape(name)}: {count:,}</title></rect>"
            f'<text x="{x:.1f}" y="{top - 3:.1f}" text-anchor="middle">{label(count)}</text>'
            f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(name)}</text>'
        )
    return _chart("".join(parts), most)


def _chart(content: str, most: int) -> str:
    floor = HEIGHT - FLOOR
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><line x1="{LEFT}" x2="{WIDTH}" y1="{floor}" y2="{floor}"/>'
        f'<text x="{LEFT - 6}" y="18" text-anchor="end">{most:,}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">0</text>{content}</svg>'
    )


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(text: str) -> str:
    number = " class=n" if text.replace(",", "").isdigit() else ""
    return f"<td{number}>{escape(text)}</td>"
