"""The tables of an experiment, for people (Markdown) and for machines (JSON)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.experiment.pictures import draw_chart
from grasp_learning.experiment.results import read_results, summarised
from grasp_learning.experiment.runs import Experiment
from grasp_learning.experiment.settings import EvaluationSet, TableSettings
from grasp_learning.training.run import holds
from grasp_learning.training.scenes import scenes_digest
from grasp_learning.training.settings import TrainingSettings
from grasp_perception.files import write_atomically, write_json

MARKDOWN, JSON = "report.md", "report.json"
LEGEND = (
    "In percent: the mean over seeds; [in brackets] the 95 % interval over the scenes of all seeds together (of shares "
    "Wilson's, of IoU-Avg by the standard error), which takes them for independent although the seeds share their "
    "scenes; ± the standard deviation over seeds."
)


def write_report(experiment: Experiment, digests: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write ``report.md``, ``report.json`` and the charts, of all that was measured so far.

    Args:
        experiment: Whose folder.
        digests: As `scenes_digest` says of the test sets, by name; what was measured on other scenes is left out. If
            None, those of the test sets that are there.

    Returns:
        The content of ``report.json``.

    Raises:
        RunError: A run of the folder has other settings than the experiment's.
    """
    content = report_content(experiment, _present(experiment) if digests is None else digests)
    folder = experiment.folder
    folder.mkdir(parents=True, exist_ok=True)
    for settings, table in zip(experiment.settings.tables, content["tables"]):
        for test, rows in table["tests"].items():
            if settings.chart and any(row["measured"] for row in rows):
                draw_chart(folder / chart_name(table["name"], test), f"{settings.title}: {test}", rows)
    write_json(folder / JSON, content)
    write_atomically(folder / MARKDOWN, _markdown(experiment, content).encode())
    return content


def _present(experiment: Experiment) -> dict[str, str]:
    """Digests of those test sets that are on this machine."""
    digests = {}
    for test in experiment.settings.tests:
        with contextlib.suppress(DatasetError):
            digests[test.name] = scenes_digest([JacquardDataset(test.root, test.depth).part(test.part)])
    return digests


def report_content(experiment: Experiment, digests: Mapping[str, str]) -> dict[str, Any]:
    """What the report says, for machines; see `write_report`."""
    for run in experiment.runs:
        holds(run.folder, run.settings)
    tests = experiment.settings.tests
    results = {(run.row, run.seed): read_results(run, tests, digests) for run in experiment.runs}
    whole = sum(len(found) == len(tests) for found in results.values())

    def row(table: TableSettings, name: str, test: EvaluationSet) -> dict[str, Any]:
        measured = {seed: results[name, seed][test.name] for seed in table.seeds if test.name in results[name, seed]}
        return {
            "row": name,
            **factors(experiment.of_row(name)[0].settings),
            "seeds": list(table.seeds),
            "measured": list(measured),
            "results": summarised(list(measured.values())) if measured else None,
        }

    return {
        "title": experiment.settings.title,
        "runs": {"all": len(experiment.runs), "done": whole},
        "tests": [test.model_dump(mode="json") for test in tests],
        "mixed": [test.name for test in tests if len(_scenes(results.values(), test)) > 1],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "tests": {test.name: [row(table, name, test) for name in table.rows] for test in tests},
            }
            for table in experiment.settings.tables
        ],
    }


def _scenes(results: Iterable[dict[str, dict[str, Any]]], test: EvaluationSet) -> set[str]:
    """Digests of the scenes on which a test set was measured."""
    return {found[test.name]["scenes_sha256"] for found in results if test.name in found}


def factors(settings: TrainingSettings) -> dict[str, Any]:
    """What the paper's tables compare, of one row."""
    labels, loss = settings.labels, settings.loss
    unit = "" if labels.dropoff == "box" else " px"
    return {
        "network": settings.network,
        "loss": f"{loss.kind}{', positional' if loss.positional else ''}",
        "bins": labels.bins,
        "map": labels.quality,
        "drop-off": None if labels.quality == "binary" else f"{labels.sigma:g}{unit}",
    }


def chart_name(table: str, test: str) -> str:
    """Of the file."""
    return f"{table}_{test}.png"


def _markdown(experiment: Experiment, content: dict[str, Any]) -> str:
    done = content["runs"]
    lines = [f"# {content['title']}", "", f"{done['done']} of {done['all']} runs done. {LEGEND}", ""]
    for settings, table in zip(experiment.settings.tables, content["tables"]):
        lines += [f"## {table['name']}: {table['title']}", ""]
        for test in experiment.settings.tests:
            rows = table["tests"][test.name]
            lines += [f"### {test.name}: {_described(test, rows)}", "", *_table(rows), ""]
            if test.name in content["mixed"]:
                lines += ["Not all of these were measured on the same scenes: the test set was made or split anew.", ""]
            if settings.chart and any(row["measured"] for row in rows):
                lines += [f"![{table['title']}]({chart_name(table['name'], test.name)})", ""]
    for test in experiment.settings.tests:
        sheets = _sheets(experiment, content, test)
        if sheets:
            lines += [f"## Good and bad predictions: {test.name}", "", *sheets]
    return "\n".join(lines)


def _described(test: EvaluationSet, rows: Sequence[dict[str, Any]]) -> str:
    scenes = next((f", {row['results']['scenes']:,} scenes" for row in rows if row["results"]), "")
    return f"the {test.part} part of {test.root}{scenes}"


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    names = [name for name in ("network", "loss", "bins", "map", "drop-off") if len({row[name] for row in rows}) > 1]
    shown = next((row["results"] for row in rows if row["results"]), None)
    thresholds = list(shown["iou"]) if shown else []
    measures = [*(f"IoU {threshold} %" for threshold in thresholds), "IoU-Avg", "SGT"]
    head = ["row", *names, "seeds", *measures]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        results = row["results"]
        cells = [row["row"], *("" if row[name] is None else str(row[name]) for name in names)]
        if results is None:
            cells += ["not run yet", *[""] * len(measures)]
        else:
            values = [*(results["iou"][threshold] for threshold in thresholds), results["iou_avg"], results["sgt"]]
            cells += [f"{len(row['measured'])} of {len(row['seeds'])}", *(told(value) for value in values)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def told(value: dict[str, Any] | None) -> str:
    """A mean with its interval and spread, in percent."""
    if value is None:
        return ""
    interval = "[{:.1f}, {:.1f}]".format(*(100 * bound for bound in value["ci95"]))
    spread = "" if value["spread"] is None else f"± {100 * value['spread']:.1f}"
    return " ".join(part for part in (f"{100 * value['mean']:.1f}", interval, spread) if part)


def _sheets(experiment: Experiment, content: dict[str, Any], test: EvaluationSet) -> list[str]:
    """The best row of each network, by IoU-Avg."""
    best: dict[str, dict[str, Any]] = {}
    for table in content["tables"]:
        for row in table["tests"][test.name]:
            if row["results"] is not None:
                other = best.get(row["network"])
                if other is None or row["results"]["iou_avg"]["mean"] > other["results"]["iou_avg"]["mean"]:
                    best[row["network"]] = row
    lines = []
    for network, row in best.items():
        (run,) = (run for run in experiment.of_row(row["row"]) if run.seed == row["measured"][0])
        picture = Path(os.path.relpath(run.folder, experiment.folder), f"{test.name}.png")
        lines += [f"{network}, its best row, {run}:", "", f"![{run}]({picture.as_posix()})", ""]
    return lines
