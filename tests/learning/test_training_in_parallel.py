"""Training in two processes, as Lightning does on two GPUs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

SCRIPT = """
import json
import sys
from pathlib import Path

import lightning
import torch

from grasp_learning.training import lesson as taught
from grasp_learning.training.losses import Losses
from grasp_learning.training.run import train
from grasp_learning.training.settings import TrainingSettings

config, folder = map(Path, sys.argv[1:3])
learnt = taught.losses


class Pair(lightning.Trainer):
    def __init__(self, **settings):
        super().__init__(**{**settings, "accelerator": "cpu", "devices": 2, "strategy": "ddp"})

    def fit(self, lesson, *rest, **named):
        super().fit(lesson, *rest, **named)
        weights = torch.cat([values.detach().flatten() for values in lesson.parameters()]).double()
        sizes = [len(batch[0]) for batch in self.train_dataloader]
        facts = self.current_epoch, self.optimizers[0].param_groups[0]["lr"], sizes, weights.sum().item()
        (folder / f"process{self.global_rank}.txt").write_text(json.dumps(facts))


def judge(lesson, batch, index):
    "To one process each epoch is better than the last, to the other it is worse, and to both together."
    trend = 0.3 if lesson.global_rank else -0.2
    quality = torch.tensor(1.0 + trend * lesson.current_epoch)
    taught.losses = lambda *_: Losses(quality, *torch.zeros(3))
    lesson._loss(batch, "validation")
    taught.losses = learnt


lightning.Trainer = Pair
taught.Lesson.validation_step = judge
overrides = ["optimization.decays=1", "optimization.patience=0", *sys.argv[3:]]
train(TrainingSettings.read(config, overrides), folder, cache=folder.parent / "cache", command="a test")
"""


def test_two_processes_agree_on_the_rate_and_the_end(small_training: Path, tmp_path: Path) -> None:
    script, folder = tmp_path / "two.py", tmp_path / "run"
    script.write_text(SCRIPT)
    words = [sys.executable, str(script), str(small_training), str(folder)]
    done = subprocess.run(
        words, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((folder / f"process{rank}.txt").read_text()) for rank in range(2))
    assert first == second
    assert first[:3] == [3, 0.002 * 0.3**2, 7 * [1]]  # of 14 scenes in batches of 2
    assert yaml.safe_load((folder / "weights.yaml").read_text())["training"]["devices"] == 2
    words[-1] = str(tmp_path / "odd")
    words.append("optimization.batch=3")
    done = subprocess.run(
        words, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120
    )
    assert "optimization.batch is 3, which 2 GPUs cannot share evenly: take a multiple, or fewer" in done.stderr
