"""Answers about how calls went: figures, series to draw, log lines and the steps of one call."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Decimal, Money, Time
from api.openapi.answers.balance import KeyId

Outcome = Annotated[
    Literal["ok", "partial", "failed", "refused", "unknown", "open"],
    Field(
        description="`ok`: answered. `partial`: the answer broke off, or its caller left. "
        "`failed`: no answer, and nothing charged. `refused`: before anything was held. "
        "`unknown`: lost with the process that served it. `open`: in flight."
    ),
]
RequestId = Annotated[str, Field(examples=["req_019afe4cbb0f7c3f8f0ad2f9e4ab0000"])]
Milliseconds = Annotated[float, Field(description="Milliseconds, to the microsecond.", ge=0)]
Rate = Annotated[
    Decimal | None,
    Field(description="Of all calls that have ended, the part that is `ok`; null without any."),
]


class PercentilesAnswer(Answer):
    """Exact percentiles, interpolated, in whole milliseconds."""

    p50: int
    p90: int
    p95: int
    p99: int


class LatencyAnswer(Answer):
    """How long calls took from their hold on; null where none was measured."""

    first_byte_ms: Annotated[
        PercentilesAnswer | None, Field(description="To the model's first output.")
    ]
    total_ms: Annotated[PercentilesAnswer | None, Field(description="To the end of the answer.")]


class HealthAnswer(Answer):
    """How some calls went."""

    calls: int
    success_rate: Rate
    outcomes: Annotated[
        dict[str, int],
        Field(
            description="Calls by outcome. All but `refused` are the ledger's; refused calls "
            "leave no trace there, and are known for as long as traces are kept. Not counted is "
            "what a disabled, expired or replaced secret was sent with: of that the logs name one "
            "call a second, secret and worker.",
            examples=[{"ok": 97, "partial": 0, "failed": 1, "refused": 2, "unknown": 0, "open": 0}],
        ),
    ]
    errors: Annotated[
        dict[str, int],
        Field(description="Calls by error code.", examples=[{"insufficient_balance": 2}]),
    ]
    latency: LatencyAnswer
    input_tokens: int
    output_tokens: int
    output_tokens_per_second: Annotated[
        Decimal | None, Field(description="Over the time that the calls with output took.")
    ]
    charge: Money


class GroupHealthAnswer(HealthAnswer):
    """How the calls of one model or one key went."""

    model: Annotated[
        str | None, Field(description="Null: a refused call that named no model of ours.")
    ] = None
    api_key_id: KeyId | None = None


class WindowAnswer(Answer):
    """Which calls: from one time on, before another."""

    from_: Annotated[Time, Field(alias="from")]
    to: Time
    currency: str


class MetricsAnswer(WindowAnswer):
    """Figures of all calls, and of each group if groups were asked for."""

    group_by: Literal["model", "api_key"] | None
    trace_days: Annotated[float, Field(description="How long refused calls are known.")]
    totals: HealthAnswer
    items: list[GroupHealthAnswer]


class SeriesAnswer(Answer):
    """One line of a chart: a value for each label, null where nothing was measured."""

    name: Annotated[str, Field(examples=["calls"])]
    unit: Annotated[str, Field(examples=["calls", "ms", "tokens", "USD"])]
    values: Annotated[
        list[int | str | None],
        Field(description="Whole numbers; of `charge` and `success_rate` decimal strings."),
    ]


class ChartsAnswer(WindowAnswer):
    """Series over the same labels, empty buckets filled with zeros."""

    bucket: Literal["hour", "day"]
    labels: Annotated[list[Time], Field(description="Where each bucket begins, in UTC.")]
    series: list[SeriesAnswer]


class LogLineAnswer(Answer):
    """One call: who, when, how it ended, and nothing of what was said."""

    request_id: RequestId
    time: Time
    source: Annotated[
        Literal["ledger", "traces"],
        Field(description="`traces`: refused before a hold, and kept for a while only."),
    ]
    model: str | None
    api_key_id: KeyId
    surface: str
    status: Outcome
    code: Annotated[str | None, Field(examples=["upstream_timeout"])]
    total_ms: int | None
    first_byte_ms: int | None
    input_tokens: int
    output_tokens: int
    currency: str
    charge: Money
    has_content: Annotated[
        bool, Field(description="Whether the security policy had its words kept: see `/content`.")
    ]


class StepAnswer(Answer):
    """One step of a call; a point in time lasts for nothing."""

    step: Annotated[
        str,
        Field(
            description="`auth`, `body`, `policies`, `quote`, `limits`, `reserve` (the commit of "
            "the hold), `attempt`, `first_byte`, `relay`, `charge` or `release` (their commit), "
            "`send`, `refuse`, `last_byte`, `projection` (until the read models had it), `expire`.",
            examples=["reserve"],
        ),
    ]
    start_ms: Milliseconds
    duration_ms: Milliseconds | None
    attempt: Annotated[
        int | None, Field(description="Which attempt to reach a provider, from 1 on.")
    ] = None
    outcome: Annotated[
        str | None, Field(description="What came of an attempt.", examples=["ok", "status_503"])
    ] = None


class TraceAnswer(Answer):
    """The way of one call through the gateway."""

    request_id: RequestId
    source: Annotated[
        Literal["worker", "ledger"],
        Field(
            description="`worker`: as timed by the process that served the call. `ledger`: by the "
            "times of the ledger's facts alone; so for a call in flight, and for one whose process "
            "died or whose trace is no longer kept."
        ),
    ]
    began_at: Time
    model: str | None
    api_key_id: KeyId
    surface: str
    status: Outcome
    http_status: int | None
    code: str | None
    total_ms: Milliseconds | None
    first_byte_ms: Milliseconds | None
    last_byte_ms: Milliseconds | None
    steps: list[StepAnswer]
