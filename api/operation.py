"""What an operator's own machinery asks: is it alive, is it ready, and how is it doing."""

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from adapters.seal import proofs
from api import metrics
from api.gateway import Gateway
from projections.freshness import lag

LAG_SECONDS_MAX = 5.0

router = APIRouter()


@router.get("/healthz")
async def healthz() -> Response:
    """Answer: the process is alive."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Tell whether the database can be reached and the read models keep up."""
    gateway: Gateway = request.app.state.gateway
    try:
        async with gateway.pool.connection() as conn:
            lags = await lag(conn)
    except (psycopg.Error, TimeoutError):
        return JSONResponse({"status": "ledger unreachable"}, 503)
    behind = {entry.name: entry.seconds for entry in lags if entry.seconds > LAG_SECONDS_MAX}
    if behind:
        return JSONResponse({"status": "read models behind", "seconds": behind}, 503)
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Write every worker's metrics, and what the read models know, for Prometheus."""
    gateway: Gateway = request.app.state.gateway
    gauges: dict[str, float] = {}
    try:
        async with gateway.pool.connection() as conn:
            for entry in await lag(conn):
                gauges[f'tollbook_projection_lag_seconds{{name="{entry.name}"}}'] = entry.seconds
            row = await (await conn.execute(_OPEN_HOLDS)).fetchone()
            gauges["tollbook_open_holds"] = row[0] if row else 0
            if (seal := await proofs.lag(conn)) is not None:
                gauges["tollbook_unsealed_positions"] = seal.positions
                gauges["tollbook_seal_lag_seconds"] = seal.seconds
    except (psycopg.Error, TimeoutError):
        gauges["tollbook_ledger_reachable"] = 0
    else:
        gauges["tollbook_ledger_reachable"] = 1
    return Response(gateway.metrics.render(gauges), media_type=metrics.CONTENT_TYPE)


_OPEN_HOLDS = "SELECT coalesce(sum(open_holds), 0)::int FROM read.balances"
