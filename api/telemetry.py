"""OpenTelemetry: off unless an endpoint is set, and then fed from what the traces are made of."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from adapters.traces.trace_queue import TraceQueue
from api.settings import Settings

if TYPE_CHECKING:
    from adapters.traces.otlp import OtlpExport


class Telemetry:
    """The way of a worker's spans to their collector."""

    def __init__(self, export: "OtlpExport", dropped: Callable[[int], None]) -> None:
        self._export = export
        self.spans = TraceQueue(export.write, dropped)

    async def close(self, seconds: float) -> None:
        """Export what waits, for so long, and let go of the connection."""
        await self.spans.close(seconds)
        await asyncio.to_thread(self._export.close)


def open_telemetry(settings: Settings, dropped: Callable[[int], None]) -> Telemetry | None:
    """Prepare the export of spans, if there is somebody to take them."""
    if settings.otlp_endpoint is None:
        return None
    # Nobody else needs the library: it costs a second to load, and memory.
    from adapters.traces.otlp import OtlpExport  # noqa: PLC0415  # the reason is above

    return Telemetry(OtlpExport(settings.otlp_endpoint), dropped)
