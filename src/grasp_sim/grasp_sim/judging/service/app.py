"""The web service: its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, File, Form, HTTPException, Query, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, Response

from grasp_learning.datasets.splits import Part
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.judge import judge
from grasp_sim.judging.report import Report, as_csv, scene_content
from grasp_sim.judging.service.content import dataset_content, job_content
from grasp_sim.judging.service.gallery import Gallery
from grasp_sim.judging.service.guard import Guard
from grasp_sim.judging.service.jobs import Job, JobQueue, QueueFullError
from grasp_sim.judging.service.limits import Limits
from grasp_sim.judging.service.page import content_security_policy, page
from grasp_sim.judging.service.upload import BadUploadError, read_upload
from grasp_sim.judging.verdict import MEANINGS, JudgedScene
from grasp_sim.trials.settings import Approach

Judge = Callable[..., Generator[JudgedScene, None, None]]
PAGE_LENGTH = 60


def create_app(
    dataset: Exam | str | Path,
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    hosts: tuple[str, ...] | None = None,
    judge: Judge = judge,
) -> FastAPI:
    """The service for one dataset.

    Args:
        dataset: On which submissions are judged.
        workers: Processes that try grasps; as many as there are processors if None.
        limits: Of queue, uploads and memory.
        hosts: Names by which it may be called; any if None.
        judge: What gives the verdicts.

    Raises:
        JudgingError: The folder is no dataset that can be judged on.
    """
    whole = dataset if isinstance(dataset, Exam) else Exam(dataset)
    exams: dict[Part | None, Exam] = {None: whole, **{part: whole.with_part(part) for part in whole.parts}}
    limits = limits or Limits()
    gallery = Gallery(limits.pictures)

    def judging(job: Job) -> Generator[JudgedScene, None, None]:
        return judge(job.exam, job.submission, workers=workers, approach=job.approach)

    queue = JobQueue(judging, waiting=limits.queue, keep=limits.keep)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        queue.close()

    # The pages of documentation that FastAPI makes load their scripts from elsewhere.
    app = FastAPI(title="Simulated grasp trials", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, upload=limits.upload, hosts=hosts, policy=content_security_policy())

    def job_of(id_: str) -> Job:
        job = queue.get(id_)
        if job is None:
            raise HTTPException(404, "there is no such job: results are kept for a while, and not over a restart")
        return job

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def show_page() -> str:
        return page()

    @app.get("/api/dataset")
    def describe() -> dict[str, Any]:
        """The dataset, its parts, and how much the service takes on."""
        return dataset_content(exams, limits)

    @app.post("/api/jobs", status_code=202)
    def submit(
        file: Annotated[UploadFile, File(description="A submission: <number>_<object>, then its grasp, line by line.")],
        part: Annotated[Part | Literal["all"], Form()] = "all",
        approach: Annotated[Approach, Form()] = "simulate",
        label: Annotated[str, Form(max_length=60)] = "",
        skip: Annotated[bool, Form(description="Leave out bad lines instead of refusing the file.")] = False,
    ) -> Response:
        """Check a submission and put it in the queue. 422 names every bad line, 429: too many jobs are waiting."""
        exam = exams.get(None if part == "all" else part)
        if exam is None:
            raise HTTPException(422, f"this dataset has no part '{part}'")
        try:
            submission, problems = read_upload(file.file.read(limits.upload + 1), exam, limits, skip=skip)
        except BadUploadError as error:
            return JSONResponse({"detail": str(error), "lines": error.lines, "total": error.total}, error.status)
        job = Job(exam, submission, approach, label.strip(), problems)
        try:
            queue.submit(job)
        except QueueFullError as error:
            raise HTTPException(429, str(error), headers={"Retry-After": "30"}) from error
        return JSONResponse(job_content(queue, job), 202, headers={"Location": f"/api/jobs/{job.id}"})

    @app.get("/api/jobs")
    def list_jobs() -> list[dict[str, Any]]:
        """The jobs that are remembered, newest first."""
        return [job_content(queue, job) for job in reversed(queue.all())]

    @app.get("/api/jobs/{id_}")
    def show_job(id_: str) -> dict[str, Any]:
        """How far a job is."""
        return job_content(queue, job_of(id_))

    @app.post("/api/jobs/{id_}/cancel")
    def cancel(id_: str) -> dict[str, Any]:
        """End a job; what was judged until then stays."""
        job = job_of(id_)
        queue.cancel(job)
        return job_content(queue, job)

    @app.get("/api/jobs/{id_}/scenes")
    def list_scenes(
        id_: str,
        phase: Annotated[str | None, Query(description=f"One of {', '.join(MEANINGS)}; all without it.")] = None,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = PAGE_LENGTH,
    ) -> dict[str, Any]:
        """Verdicts in the order in which they came."""
        verdicts = queue.scenes_of(job_of(id_))
        chosen = [scene for scene in verdicts if phase in (None, scene.phase)]
        return {"total": len(chosen), "scenes": [scene_content(scene) for scene in chosen[offset : offset + limit]]}

    @app.get("/api/jobs/{id_}/pictures/{scene}", response_class=Response)
    def show_picture(id_: str, scene: str, size: Literal["small", "large"] = "small") -> Response:
        """What the camera saw around a grasp, and the grasp (JPEG)."""
        job = job_of(id_)
        verdict = job.scenes.get(scene)
        if verdict is None:
            raise HTTPException(404, "this scene was not judged in this job")
        content = gallery.picture(job.id, job.exam, verdict, size)
        return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    @app.get("/api/jobs/{id_}/results.json")
    def download_json(id_: str) -> Response:
        """All that was found out."""
        job = job_of(id_)
        report = _report(queue, job)
        content = {
            "job": job_content(queue, job),
            **(report.summary() if report.scenes else {"trials": 0}),
            "scenes": [scene_content(scene) for scene in report.scenes],
        }
        return JSONResponse(content, headers=_attachment(job, "json"))

    @app.get("/api/jobs/{id_}/results.csv")
    def download_csv(id_: str) -> Response:
        """The verdicts as a table."""
        job = job_of(id_)
        text = as_csv(_report(queue, job).scenes)
        return Response(text, media_type="text/csv; charset=utf-8", headers=_attachment(job, "csv"))

    return app


def _report(queue: JobQueue, job: Job) -> Report:
    return Report(job.exam, queue.scenes_of(job), job.problems, job.seconds)


def _attachment(job: Job, suffix: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="results_{job.id}.{suffix}"'}
