"""The service's answers, with trials that are made up."""

from __future__ import annotations

import csv
import io
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from grasp_learning.datasets.splits import ObjectSplits
from grasp_learning.datasets.submission import Submission, SubmittedGrasp, write_submission
from grasp_planning.grasps import GraspRectangle
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.service.app import create_app
from grasp_sim.judging.service.guard import LOOPBACK
from grasp_sim.judging.service.limits import Limits
from grasp_sim.judging.verdict import JudgedScene

Answer = dict[str, Any]
PHASES = ("success", "approach", "lift")


class FakeJudge:
    """Verdicts that depend on the scene only, each when it is allowed.

    Attributes:
        gate: Verdicts wait for it.
        order: Labels of what began, as the first grasps' openings.
        fail: Raised after the first verdict, if given.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.order: list[float] = []
        self.closed = 0
        self.fail: Exception | None = None

    def __call__(self, exam: Exam, submission: Submission, **_: object) -> Generator[JudgedScene, None, None]:
        self.order.append(next(iter(submission.grasps.values())).grasp.width)
        try:
            for number, record in enumerate(exam):
                found = submission.grasps.get(record.id)
                phase = "no_prediction" if found is None else PHASES[number % 3]
                grasp, line = found or SubmittedGrasp(None, None)  # type: ignore[arg-type]
                yield JudgedScene(record.id, record.object, phase, f"because {number}", line, grasp, 0.01)
                if self.fail is not None:
                    raise self.fail
                assert self.gate.wait(30)
        finally:
            self.closed += 1


@pytest.fixture
def judge() -> FakeJudge:
    return FakeJudge()


@contextmanager
def service(exam: Exam, judge: Callable[..., Any], **limits: int) -> Iterator[TestClient]:
    app = create_app(exam, limits=Limits(**limits), hosts=LOOPBACK, judge=judge)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def client(exam: Exam, judge: FakeJudge) -> Iterator[TestClient]:
    with service(exam, judge, queue=2, keep=3, upload=20_000) as client:
        yield client
        judge.gate.set()


@pytest.fixture
def text(annotated: dict[str, GraspRectangle], tmp_path: Path) -> str:
    """A submission on all scenes but the last."""
    write_submission(tmp_path / "s.txt", dict(list(annotated.items())[:-1]))
    return (tmp_path / "s.txt").read_text()


def upload(client: TestClient, content: str | bytes, **fields: str) -> Any:
    return client.post("/api/jobs", files={"file": ("../../etc/passwd", content)}, data=fields)


def submitted(client: TestClient, content: str, **fields: str) -> str:
    answer = upload(client, content, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def wait_until(client: TestClient, id_: str, is_so: Callable[[Answer], bool]) -> Answer:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        job: Answer = client.get(f"/api/jobs/{id_}").json()
        if is_so(job):
            return job
        time.sleep(0.01)
    raise AssertionError(f"it never came to that: {job}")


def ended(client: TestClient, id_: str) -> Answer:
    return wait_until(client, id_, lambda job: job["state"] not in ("queued", "running"))


def test_the_dataset_is_described(client: TestClient, exam: Exam) -> None:
    content = client.get("/api/dataset").json()
    assert (content["name"], content["scenes"], content["objects"]) == ("small", 6, 3)
    assert [part["name"] for part in content["parts"]] == ["all", "train", "validation", "test"]
    assert sum(part["scenes"] for part in content["parts"][1:]) == 6
    assert content["gripper"] == {"name": "jacquard", "max_opening": 0.1, "jaw": 0.02}
    assert content["limits"] == {"queue": 2, "upload": 20_000, "keep": 3}


def test_a_submission_is_judged(client: TestClient, text: str, exam: Exam) -> None:
    answer = upload(client, text, label=" my network ")
    assert answer.headers["location"] == f"/api/jobs/{answer.json()['id']}"
    job = ended(client, answer.json()["id"])
    assert job["state"] == "done"
    assert (job["label"], job["part"], job["approach"]) == ("my network", "all", "simulate")
    assert (job["total"], job["judged"], job["successes"]) == (6, 6, 2)
    assert job["success_rate"] == pytest.approx(1 / 3)
    assert 0 < job["ci95"][0] < 1 / 3 < job["ci95"][1] < 1
    assert job["phases"] == {"success": 2, "no_prediction": 1, "approach": 2, "lift": 1}
    assert client.get("/api/jobs").json() == [job]


def test_scenes_can_be_filtered_and_come_page_by_page(client: TestClient, text: str, exam: Exam) -> None:
    id_ = submitted(client, text)
    ended(client, id_)
    everything = client.get(f"/api/jobs/{id_}/scenes").json()
    assert everything["total"] == 6
    assert [scene["scene"] for scene in everything["scenes"]] == list(exam.scenes)
    first = everything["scenes"][0]
    assert (first["phase"], first["message"], first["line"]) == ("success", "because 0", 2)
    x, y, theta, opening, jaw = (float(field) for field in text.splitlines()[1].split(";"))
    assert list(first["rectangle"].values()) == pytest.approx([x, y, theta, opening, jaw])
    page = client.get(f"/api/jobs/{id_}/scenes", params={"offset": 4, "limit": 1}).json()
    assert page == {"total": 6, "scenes": everything["scenes"][4:5]}
    approach = client.get(f"/api/jobs/{id_}/scenes", params={"phase": "approach"}).json()
    assert approach == {"total": 2, "scenes": [s for s in everything["scenes"] if s["phase"] == "approach"]}
    assert client.get(f"/api/jobs/{id_}/scenes", params={"limit": 100_000}).status_code == 422


def test_pictures_show_the_rectangle(client: TestClient, text: str, exam: Exam) -> None:
    id_ = submitted(client, text)
    ended(client, id_)
    scenes = list(exam.scenes)
    answer = client.get(f"/api/jobs/{id_}/pictures/{scenes[0]}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "max-age" in answer.headers["cache-control"]
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (280, 280, 3)
    large = client.get(f"/api/jobs/{id_}/pictures/{scenes[0]}", params={"size": "large"})
    assert cv2.imdecode(np.frombuffer(large.content, np.uint8), cv2.IMREAD_COLOR).shape == (720, 720, 3)
    assert client.get(f"/api/jobs/{id_}/pictures/{scenes[0]}").content == answer.content
    assert client.get(f"/api/jobs/{id_}/pictures/{scenes[-1]}").status_code == 200  # without a prediction


@pytest.mark.parametrize("scene", ["9_nothing", "..%2f..%2f..%2fetc%2fpasswd", "../../index.jsonl", "%00"])
def test_no_picture_of_anything_else(client: TestClient, text: str, scene: str) -> None:
    id_ = submitted(client, text)
    ended(client, id_)
    assert client.get(f"/api/jobs/{id_}/pictures/{scene}").status_code == 404


def test_results_are_downloaded(client: TestClient, text: str, exam: Exam) -> None:
    id_ = submitted(client, text)
    ended(client, id_)
    answer = client.get(f"/api/jobs/{id_}/results.json")
    assert answer.headers["content-disposition"] == f'attachment; filename="results_{id_}.json"'
    content = answer.json()
    assert (content["trials"], content["successes"]) == (6, 2)
    assert content["failures"] == {"no_prediction": 1, "approach": 2, "lift": 1}
    assert sum(item["trials"] for item in content["objects"]) == 6
    assert [scene["scene"] for scene in content["scenes"]] == list(exam.scenes)
    table = client.get(f"/api/jobs/{id_}/results.csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["phase"] for row in rows] == [*PHASES, *PHASES[:2], "no_prediction"]
    assert float(rows[0]["x"]) == pytest.approx(float(text.splitlines()[1].split(";")[0]), rel=1e-5)


def test_bad_lines_are_named(client: TestClient, text: str) -> None:
    lines = text.splitlines()
    lines[1] = "1;2;<b>three</b>;4;5"
    lines += ["0_nobody", "1;2;3;4;5", "gibberish"]
    answer = upload(client, "\n".join(lines))
    assert answer.status_code == 422
    content = answer.json()
    assert content["detail"] == "3 lines are wrong; nothing was judged"
    assert [(item["line"], item["text"]) for item in content["lines"]] == [
        (2, "1;2;<b>three</b>;4;5"),
        (12, "1;2;3;4;5"),
        (13, "gibberish"),
    ]
    assert "not a number" in content["lines"][0]["reason"]
    assert content["lines"][1]["reason"] == "the dataset has no scene '0_nobody'"
    assert client.get("/api/jobs").json() == []


def test_bad_lines_can_be_skipped(client: TestClient, text: str) -> None:
    job = ended(client, submitted(client, text + "gibberish\n", skip="true"))
    assert (job["state"], job["skipped_lines"], job["judged"]) == ("done", 1, 6)


def test_so_many_bad_lines_that_memory_would_fill_are_refused(exam: Exam, judge: FakeJudge, text: str) -> None:
    with service(exam, judge, skipped=2, upload=1600) as client:
        assert upload(client, text + "gibberish\n" * 2, skip="true").status_code == 202
        answer = upload(client, text + "gibberish\n" * 3, skip="true")
        assert (answer.status_code, answer.json()["total"]) == (422, 3)
        assert answer.json()["detail"] == "3 lines are wrong, and 2 can be left out; nothing was judged"
        answer = upload(client, text + ";\n" * 100)
        assert (answer.status_code, answer.json()["detail"]) == (413, "the upload has more than 100 lines")


def test_of_very_many_bad_lines_some_are_named(exam: Exam, judge: FakeJudge) -> None:
    with service(exam, judge, lines=5) as client:
        content = upload(client, "nonsense " * 100 + "\n" + "nonsense\n" * 400).json()
    assert (len(content["lines"]), content["total"]) == (5, 401)
    assert len(content["lines"][0]["text"]) < 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "this is no text file: line 1 is not UTF-8"),
        (b"", "no grasp for any scene of this dataset"),
        (b"\n\n", "no grasp for any scene of this dataset"),
    ],
)
def test_what_is_no_submission_is_refused(client: TestClient, content: bytes, reason: str) -> None:
    answer = upload(client, content)
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]


def test_a_part_can_be_judged(client: TestClient, text: str, exam: Exam) -> None:
    part = exam.with_part("train")
    job = ended(client, submitted(client, text, part="train"))
    assert (job["part"], job["total"]) == ("train", len(part))
    other = next(id_ for id_ in exam.scenes if id_ not in part.scenes)
    answer = upload(client, f"{other}\n1;2;3;4;5\n", part="train")
    assert answer.status_code == 422
    assert "the train part" in answer.json()["detail"]
    assert upload(client, text, part="everything").status_code == 422
    assert upload(client, text, approach="guess").status_code == 422


def test_a_dataset_of_nothing_but_tests_is_served(exam: Exam, dataset: Path, judge: FakeJudge, tmp_path: Path) -> None:
    shutil.copy(dataset / "index.jsonl", tmp_path)
    ObjectSplits.create({record.object for record in exam}, (0.0, 0.0, 1.0), seed=0).save(tmp_path / "splits.json")
    with service(Exam(tmp_path), judge) as client:
        assert [part["name"] for part in client.get("/api/dataset").json()["parts"]] == ["all", "test"]
        answer = upload(client, "0_x\n1;2;3;4;5\n", part="train")
        assert (answer.status_code, answer.json()["detail"]) == (422, "this dataset has no part 'train'")


def test_jobs_run_one_after_the_other_in_their_order(client: TestClient, text: str, judge: FakeJudge) -> None:
    judge.gate.clear()
    scene = text.splitlines()[0]
    ids = [submitted(client, f"{scene}\n1;2;3;{opening};5\n") for opening in (10, 20, 30)]
    wait_until(client, ids[0], lambda job: job["state"] == "running" and job["judged"] == 1)
    jobs = [client.get(f"/api/jobs/{id_}").json() for id_ in ids]
    assert [(job["state"], job["ahead"]) for job in jobs] == [("running", 0), ("queued", 1), ("queued", 2)]
    assert [job["id"] for job in client.get("/api/jobs").json()] == ids[::-1]
    judge.gate.set()
    assert [ended(client, id_)["state"] for id_ in ids] == ["done"] * 3
    assert judge.order == [10, 20, 30]


def test_a_full_queue_says_so(client: TestClient, text: str, judge: FakeJudge) -> None:
    judge.gate.clear()
    ids = [submitted(client, text) for _ in range(3)]  # one runs, two wait
    answer = upload(client, text)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    assert answer.json()["detail"] == "2 jobs are waiting already; try again when one has ended"
    judge.gate.set()
    assert [ended(client, id_)["state"] for id_ in ids] == ["done"] * 3
    assert upload(client, text).status_code == 202


def test_only_the_last_results_are_kept(client: TestClient, text: str) -> None:
    ids = []
    for _ in range(5):
        ids.append(submitted(client, text))
        ended(client, ids[-1])
    assert [job["id"] for job in client.get("/api/jobs").json()] == ids[:1:-1]
    answer = client.get(f"/api/jobs/{ids[0]}")
    assert answer.status_code == 404
    assert "not over a restart" in answer.json()["detail"]


def test_a_running_job_is_canceled_and_keeps_what_it_has(client: TestClient, text: str, judge: FakeJudge) -> None:
    judge.gate.clear()
    id_ = submitted(client, text)
    wait_until(client, id_, lambda job: job["judged"] == 1)
    assert client.post(f"/api/jobs/{id_}/cancel").status_code == 200
    judge.gate.set()
    job = ended(client, id_)
    assert job["state"] == "canceled"
    assert 1 <= job["judged"] < 6
    assert judge.closed == 1
    assert client.get(f"/api/jobs/{id_}/results.json").json()["trials"] == job["judged"]
    assert client.post(f"/api/jobs/{id_}/cancel").json()["state"] == "canceled"


def test_a_waiting_job_is_canceled_and_never_begins(client: TestClient, text: str, judge: FakeJudge) -> None:
    judge.gate.clear()
    running, waiting = (submitted(client, text) for _ in range(2))
    assert client.post(f"/api/jobs/{waiting}/cancel").json()["state"] == "canceled"
    judge.gate.set()
    ended(client, running)
    assert len(judge.order) == 1
    assert client.get(f"/api/jobs/{waiting}/results.json").json()["trials"] == 0


def test_a_job_that_fails_does_not_end_the_service(client: TestClient, text: str, judge: FakeJudge) -> None:
    judge.fail = OSError("the disk is gone")
    job = ended(client, submitted(client, text))
    assert (job["state"], job["error"], job["judged"]) == ("failed", "the disk is gone", 1)
    judge.fail = None
    assert ended(client, submitted(client, text))["state"] == "done"


def test_an_upload_that_is_too_large_is_refused(client: TestClient, text: str) -> None:
    answer = upload(client, text + "\n" * 20_000)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "the upload is larger than 0.02 MB"
    exact = upload(client, (text + " " * 20_000)[:20_000])
    assert exact.status_code == 202


def test_an_upload_of_unknown_size_is_refused_while_it_is_read(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(1000):
            yield b"0_scene\n" * 1000

    answer = client.post("/api/jobs", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 413
    assert answer.json()["detail"] == "the upload is larger than 0.02 MB"


def test_a_request_without_a_file_is_refused(client: TestClient) -> None:
    assert client.post("/api/jobs", data={"part": "all"}).status_code == 422


@pytest.mark.parametrize("path", ["", "/cancel", "/scenes", "/pictures/0_x", "/results.json", "/results.csv"])
def test_unknown_jobs_are_not_found(client: TestClient, path: str) -> None:
    ask = client.post if path == "/cancel" else client.get
    assert ask(f"/api/jobs/0123456789abcdef{path}").status_code == 404


def test_every_answer_binds_the_browser(client: TestClient) -> None:
    for path in ("/", "/api/dataset", "/api/jobs/unknown", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


def test_nothing_is_loaded_from_elsewhere(client: TestClient) -> None:
    page = client.get("/").text
    for attribute in ('src="http', 'href="http', "url(", "@import"):
        assert attribute not in page
    for path in ("/docs", "/redoc"):  # FastAPI's load scripts from a CDN
        assert client.get(path).status_code == 404
    assert "/api/jobs" in client.get("/openapi.json").json()["paths"]


def test_foreign_names_and_foreign_sites_are_refused(client: TestClient, text: str) -> None:
    assert client.get("/api/jobs", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/api/jobs", headers={"Host": "[oops"}).status_code == 400
    assert client.get("/api/jobs", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/api/jobs", headers={"Host": "[::1]:8000"}).status_code == 200
    origins = {"http://evil.example": 403, "null": 403, "http://[oops": 403, "http://127.0.0.1:8000": 202}
    for origin, status in origins.items():
        answer = client.post("/api/jobs", files={"file": text}, headers={"Origin": origin})
        assert answer.status_code == status, origin


def test_a_label_stays_text(client: TestClient, text: str) -> None:
    label = "<script>alert(1)</script>"
    job = ended(client, submitted(client, text, label=label))
    assert job["label"] == label
    assert client.get(f"/api/jobs/{job['id']}").headers["content-type"] == "application/json"
    assert upload(client, text, label="x" * 61).status_code == 422


def test_ending_the_service_ends_its_jobs(exam: Exam, judge: FakeJudge, text: str) -> None:
    with service(exam, judge) as client:
        judge.gate.clear()
        id_ = submitted(client, text)
        wait_until(client, id_, lambda job: job["judged"] == 1)
        threading.Timer(0.2, judge.gate.set).start()
    assert judge.closed == 1
    assert not any(thread.name == "judging" for thread in threading.enumerate())


@pytest.mark.parametrize("name", ["queue", "upload", "keep", "lines", "pictures"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        Limits(**{name: 0})
