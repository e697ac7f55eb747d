"""What operators watch, in Prometheus' words."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LATENCIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Counters of one server; a registry of its own, so that several can live in a process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.refused = Counter(
            "emofuse_refused", "Requests and messages refused", ["code"], registry=registry
        )
        self.jobs = Gauge("emofuse_jobs", "Analyses by state", ["state"], registry=registry)
        self.sessions = Gauge("emofuse_live_sessions", "Open live sessions", registry=registry)
        self.pictures = Counter(
            "emofuse_live_pictures", "Live pictures by fate", ["fate"], registry=registry
        )
        self.windows = Counter("emofuse_live_windows", "Live windows answered", registry=registry)
        self.latency = Histogram(
            "emofuse_live_latency_seconds",
            "From the arrival of an item to its answer",
            ["answer"],
            buckets=_LATENCIES,
            registry=registry,
        )

    def page(self, jobs: Mapping[str, int]) -> bytes:
        """The text that Prometheus reads."""
        for state in ("queued", "running", "done", "failed", "cancelled"):
            self.jobs.labels(state).set(jobs.get(state, 0))
        return generate_latest(self.registry)
