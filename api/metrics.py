"""Prometheus metrics of one worker; with several, the client library adds them up in files."""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values as metric_values,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def count_for_this_process() -> None:
    """Ask for the process's id once: a worker never forks, and each count would ask again."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        pid = os.getpid()
        metric_values.ValueClass = metric_values.MultiProcessValue(lambda: pid)  # type: ignore[no-untyped-call]


class Metrics:
    """Counts calls by outcome, and times the upstream and the ledger."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "tollbook_requests",
            "Inference requests by outcome",
            ["outcome"],
            registry=self._registry,
        )
        self._refusals = Counter(
            "tollbook_refusals", "Refused requests by code", ["code"], registry=self._registry
        )
        self._seconds = Histogram(
            "tollbook_request_seconds", "Whole requests", buckets=_SECONDS, registry=self._registry
        )
        self._upstream = Histogram(
            "tollbook_upstream_seconds",
            "From dispatch to the first output",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._ledger = Histogram(
            "tollbook_ledger_seconds", "One commit", buckets=_SECONDS, registry=self._registry
        )
        self._batch = Histogram(
            "tollbook_ledger_batch_commands",
            "Commands in one commit",
            buckets=_SIZES,
            registry=self._registry,
        )
        self._unlimited = Counter(
            "tollbook_unlimited",
            "Limited requests let through because their limiter failed",
            registry=self._registry,
        )
        self._traces_dropped = Counter(
            "tollbook_traces_dropped", "Traces that were lost", ["to"], registry=self._registry
        )
        self._ok = self._calls.labels("ok")

    def call_ended(self, outcome: str, milliseconds: int, first_byte_ms: int | None) -> None:
        """Count a request; anything but `ok` is a code of `domain.errors`, or `client_gone`."""
        if outcome == "ok":
            self._ok.inc()
        else:
            self._calls.labels(outcome).inc()
            self._refusals.labels(outcome).inc()
        self._seconds.observe(milliseconds / 1000)
        if first_byte_ms is not None:
            self._upstream.observe(first_byte_ms / 1000)

    def went_unlimited(self) -> None:
        """Count a call whose rate limits could not be asked."""
        self._unlimited.inc()

    def traces_dropped(self, count: int) -> None:
        """Count traces that are not kept: too many waited, or the database took none."""
        self._traces_dropped.labels("database").inc(count)

    def spans_dropped(self, count: int) -> None:
        """Count traces that were not exported."""
        self._traces_dropped.labels("otlp").inc(count)

    def committed(self, size: int, seconds: float) -> None:
        """Record one commit of the ledger."""
        self._batch.observe(size)
        self._ledger.observe(seconds)

    def render(self, gauges: dict[str, float]) -> bytes:
        """Write everything in Prometheus' text format, with gauges read just now."""
        registry = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        lines = [f"{name} {value}\n" for name, value in gauges.items()]
        return generate_latest(registry) + "".join(lines).encode()
