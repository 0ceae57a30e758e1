"""Where the work of a run is done: processes of this machine, or a Ray cluster; both by joblib."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Generator, Iterable
from typing import Any, Literal, TypeVar

import joblib
from joblib.externals import loky

Job = TypeVar("Job")
Result = TypeVar("Result")
EngineName = Literal["local", "ray"]
BATCH = 4
"""Jobs for each worker of Ray between two times that results come back: its backend gives them by the batch."""


class WorkerDied(RuntimeError):
    """A worker was killed, or crashed: what it and the others were doing is not done."""


def run_local(function: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Generator[Result, None, None]:
    """Run jobs in processes of their own; results as they come.

    Raises:
        WorkerDied: One of the processes is gone.
    """
    tasks = (joblib.delayed(function)(job) for job in jobs)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        # joblib would run a single worker's jobs in this process, where a crash takes everything along: there are
        # at least two, and only one is busy where one is asked for.
        results = joblib.Parallel(
            n_jobs=max(2, workers),
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=1 if workers == 1 else 2 * workers,
        )(tasks)
    try:
        for result in results:  # noqa: UP028 (`yield from` would close them with a warning)
            yield result
    except (loky.process_executor.BrokenProcessPool, loky.process_executor.TerminatedWorkerError) as error:
        raise WorkerDied(str(error).splitlines()[0]) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that not all results were taken
            results.close()  # ends the processes at once if they are still busy


def run_on_ray(function: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Generator[Result, None, None]:
    """Run jobs on a Ray cluster: the one that $RAY_ADDRESS names, or one of this machine.

    The dataset's folder must be the same on all its machines.

    Raises:
        WorkerDied: An actor is gone.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not os.environ.get("RAY_ADDRESS"):
        # Read when ray is imported: without clusters it listens on the loopback interface alone, on Linux too.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray
    from ray.util.joblib import register_ray

    _start_ray(workers)
    register_ray()
    tasks = (joblib.delayed(function)(job) for job in jobs)
    try:
        with joblib.parallel_config(backend="ray"), joblib.Parallel(n_jobs=max(2, workers), batch_size=1) as parallel:
            while batch := list(itertools.islice(tasks, 1 if workers == 1 else BATCH * workers)):
                yield from parallel(batch)
    except ray.exceptions.RayError as error:
        raise WorkerDied(str(error).splitlines()[0]) from error


def _start_ray(workers: int) -> None:
    import ray

    if ray.is_initialized():
        return
    address = os.environ.get("RAY_ADDRESS")
    own = {} if address else {"num_cpus": max(2, workers, os.cpu_count() or 1)}  # it waits for more than it counts
    ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="error", **own)


RUN: dict[EngineName, Callable[..., Generator[Any, None, None]]] = {"local": run_local, "ray": run_on_ray}
