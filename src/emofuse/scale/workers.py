"""One function over many items: in this process, in several, or on a Dask cluster."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

from emofuse.core import InputError, MissingExtra

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCAL = "local"
# How often Dask runs a task again whose worker died under it; a poisoned file must not go round.
RETRIES = 2
CONNECT_SECONDS = 10
# Settings of scheduler and workers under which Dask's own housekeeping (looking at itself many
# times a second) takes least from the work: it was 4 % of two cores.
QUIET = {
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.worker.profile.enabled": False,
}
# Tasks that the scheduler holds at a time: a corpus of millions must not fill its memory.
IN_FLIGHT = 1000
# Results that are ready are fetched together: a round trip for each cost as much as a short clip.
GATHER_SECONDS = 0.2


def map_unordered(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    scheduler: str = LOCAL,
    jobs: int = 1,
) -> Iterator[tuple[Item, Result | Exception]]:
    """(item, result) as they finish; an item whose worker was lost comes with the exception.

    `scheduler` is "local" (this process, or `jobs` fresh ones) or the address of a Dask
    scheduler. `function` and the items must be importable and small: they travel. Raises
    `InputError` when the scheduler cannot be reached or goes away.
    """
    if scheduler != LOCAL:
        yield from _on_dask(function, items, scheduler)
    elif jobs > 1 and len(items) > 1:
        yield from _in_processes(function, items, jobs)
    else:
        for item in items:
            yield item, function(item)


def _in_processes(function, items, jobs: int) -> Iterator:
    """Fresh processes: threads would share OpenCV's and ONNX Runtime's pools."""
    left = deque(items)
    while left:
        # A process that dies ends its pool. Whose fault it was shows when each is tried alone.
        for item in (yield from _in_pool(function, left, min(jobs, len(left)))):
            if (yield from _in_pool(function, deque([item]), 1)):
                yield item, BrokenProcessPool("its process died")


def _in_pool(function, left: deque, jobs: int) -> Generator[tuple, None, list]:
    """Work off `left`; returns the items that were under way if a process died."""
    running: dict[Future, object] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            while left or running:
                while left and len(running) < 2 * jobs:
                    future = pool.submit(function, left[0])
                    running[future] = left.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    outcome = future.exception() or future.result()
                    if isinstance(outcome, BrokenProcessPool):
                        raise outcome
                    yield running.pop(future), outcome
        except BrokenProcessPool:
            pass
    return list(running.values())


def _on_dask(function, items, address: str) -> Iterator:
    try:
        import distributed
    except ImportError:
        raise MissingExtra("a Dask scheduler", "scale") from None
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            address, f"no Dask scheduler answers ({error})", "start one with: dask scheduler"
        ) from None
    try:
        with client:
            yield from _all_on_dask(client, function, items)
    except (CancelledError, OSError, TimeoutError):
        raise InputError(
            address,
            "the Dask scheduler went away",
            "run the same command again: finished files stay",
        ) from None


def _all_on_dask(client, function, items) -> Iterator:
    from distributed import KilledWorker

    suspects = []
    for item, outcome in _share_out(client, function, items, at_once=IN_FLIGHT):
        if isinstance(outcome, KilledWorker):
            suspects.append(item)
        else:
            yield item, outcome
    # What kills its worker takes with it those that wait there: each gets one more try, alone.
    yield from _share_out(client, function, suspects, at_once=1)


def _share_out(client, function, items, *, at_once: int) -> Iterator:
    """(item, result or exception), with at most `at_once` of them on the cluster."""
    from distributed import as_completed

    waiting, running = iter(items), {}
    finished = as_completed(loop=client.loop)
    while True:
        more = list(islice(waiting, at_once - len(running)))
        futures = client.map(function, more, pure=False, retries=RETRIES) if more else []
        running.update(zip(futures, more, strict=True))
        finished.update(futures)
        if not running:
            return
        for future, outcome in _ready(client, finished):
            yield running.pop(future), outcome
            future.release()


def _ready(client, finished) -> list[tuple]:
    """(future, result or exception) of what is done; waits until something is."""
    from distributed import KilledWorker

    batch = [next(finished)]
    time.sleep(GATHER_SECONDS)
    batch += finished.next_batch(block=False)
    if client.status != "running" or any(future.cancelled() for future in batch):
        raise ConnectionError
    whole = [future for future in batch if future.status == "finished"]
    try:
        results = dict(zip(whole, client.gather(whole), strict=True))
    except KilledWorker:  # one result was lost with its worker, and so were those that tried again
        results = {}
    return [
        (future, results[future] if future in results else future.exception() or future.result())
        for future in batch
    ]
