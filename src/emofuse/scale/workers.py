"""One function over many items: in this process, in several, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from emofuse.core import InputError, MissingExtra

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCAL = "local"
# How often Dask runs a task again whose worker died under it; a poisoned file must not go round.
RETRIES = 2
CONNECT_SECONDS = 10


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
    with ProcessPoolExecutor(min(jobs, len(items)), mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(function, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.exception() or future.result()


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
    with client:
        futures = {
            client.submit(function, item, pure=False, retries=RETRIES): item for item in items
        }
        for future in distributed.as_completed(futures, loop=client.loop):
            if future.cancelled() or client.status != "running":
                raise _scheduler_lost(address)
            try:
                outcome = future.exception() or future.result()
            except (CancelledError, OSError, TimeoutError):
                raise _scheduler_lost(address) from None
            yield futures[future], outcome
            future.release()


def _scheduler_lost(address: str) -> InputError:
    return InputError(
        address, "the Dask scheduler went away", "run the same command again: finished files stay"
    )
