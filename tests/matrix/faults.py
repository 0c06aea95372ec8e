"""What can go wrong upstream, in each protocol's own words, and what must come of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

from tests.matrix.features import BY_NAME, Json
from tests.matrix.gateway import Upstream
from tests.matrix.upstreams import anthropic, gemini
from tests.matrix.wire import HEAD
from tests.scripted_answers import RESET, Answer, Received, Step

TEXT = BY_NAME["text"]
STALL_SECONDS = 30.0
RETRY_AFTER = 7
USAGES: Mapping[ModuleType, tuple[str, ...]] = {
    anthropic: ("USAGE", "START", "OUTPUT"),
    gemini: ("USAGE", "EARLY"),
}
"""The names of the usage objects in a protocol's module; `USAGE` alone in the others."""

Spoiled = Callable[[list[Step]], Iterator[Step] | list[Step]]


@dataclass(frozen=True)
class Outcome:
    """How a call must end: its status and code, its basis (None: released), and flags."""

    status: int
    code: str = ""
    basis: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One fault, and what must come of it, whole and streamed."""

    name: str
    answer: Callable[[Upstream], Answer]
    whole: Outcome | None
    streamed: Outcome | None
    no_usage: bool = False


REJECTED = Outcome(400, "upstream_rejected")
FAILED = Outcome(502, "upstream_error")
LATE = Outcome(504, "upstream_timeout")
MIDWAY = "midway"
"""The basis of a charge for an answer that broke off, which depends on the protocol."""
BROKEN = Outcome(200, "upstream_error", MIDWAY)
KNOWN_MIDWAY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "openai": ("partial", ("truncated", "usage_missing")),
    "bedrock": ("partial", ("truncated", "usage_missing")),
    # Its first event tells of the prompt, so only the answer is counted.
    "anthropic": ("partial", ("truncated",)),
    # Its early chunks tell of no output, which cannot be true.
    "gemini": ("partial", ("truncated", "usage_zero")),
    # Every event tells of all usage so far.
    "dashscope": ("reported", ("truncated",)),
}
"""What is known of the usage by then, by protocol: the basis of the charge, and its flags."""


def error_with(status: int) -> Callable[[Upstream], Answer]:
    """An error answer as the protocol writes it; 429 says when to come back."""

    def for_upstream(upstream: Upstream) -> Answer:
        def answer(request: Received) -> list[Step]:
            return [error_bytes(upstream.protocol, status)]

        return answer

    return for_upstream


def error_bytes(protocol: str, status: int) -> bytes:
    """Write it; none of its words may reach a customer."""
    secret = "account acct-secret of key sk-matrix"
    google: Json = {"code": status, "message": secret, "status": "RESOURCE_EXHAUSTED"}
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{RETRY_AFTER}s"}
    body: Json = {
        "openai": {"error": {"message": secret, "type": "t", "code": "c", "param": None}},
        "anthropic": {"type": "error", "error": {"type": "overloaded_error", "message": secret}},
        "gemini": {"error": {**google, "details": [wait]}},
        "bedrock": {"message": secret},
        "dashscope": {"code": "Throttling", "message": secret, "request_id": "r"},
    }[protocol]
    written = json.dumps(body).encode()
    headers = [f"content-length: {len(written)}", "x-amzn-ErrorType: ThrottlingException:http"]
    if protocol != "gemini":
        headers.append(f"retry-after: {RETRY_AFTER}")
    head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\n" + "\r\n".join(headers)
    return head.encode() + b"\r\n\r\n" + written


def spoiled(change: Spoiled) -> Callable[[Upstream], Answer]:
    """The protocol's own good answer, changed on the wire."""

    def for_upstream(upstream: Upstream) -> Answer:
        def answer(request: Received) -> Iterator[Step]:
            yield from change(list(upstream.wire.answer_with(TEXT)(request)))

        return answer

    return for_upstream


def _stalls(steps: list[Step]) -> list[Step]:
    return [STALL_SECONDS, *steps]


def _stalls_midway(steps: list[Step]) -> list[Step]:
    return [*steps[:-4], STALL_SECONDS, *steps[-4:]]


def _is_reset(steps: list[Step]) -> list[Step]:
    return [*steps[:-4], 0.05, RESET]


def _talks_nonsense(steps: list[Step]) -> list[Step]:
    garbage = b"data: {nonsense\n\n" + bytes(range(64))
    return [*steps[:-4], b"%x\r\n%s\r\n" % (len(garbage), garbage), *steps[-4:]]


def _is_html(steps: list[Step]) -> list[Step]:
    page = b"<html>Welcome</html>"
    return [HEAD % (b"text/html", b"content-length: %d" % len(page)) + page]


def _says_it_twice(steps: list[Step]) -> list[Step]:
    """Repeat what bears the usage: the last event, but for an end mark after it."""
    ends_in_a_mark = any(mark in bytes(_bytes(steps[-2])) for mark in (b"[DONE]", b"message_stop"))
    at = -3 if ends_in_a_mark else -2
    return [*steps[:at], steps[at], *steps[at:]]


def _bytes(step: Step) -> bytes:
    assert isinstance(step, bytes)
    return step


PAUSED = 0.05


def paced(change: Spoiled) -> Spoiled:
    """Let what comes before the fault arrive before it."""
    return lambda steps: [part for step in change(steps) for part in (PAUSED, step)]


FAULTS = (
    Fault("status 400", error_with(400), REJECTED, REJECTED),
    Fault("status 401", error_with(401), FAILED, FAILED),
    Fault("status 429", error_with(429), *[Outcome(429, "upstream_rate_limited")] * 2),
    Fault("status 500", error_with(500), FAILED, FAILED),
    Fault("status 529", error_with(529), FAILED, FAILED),
    Fault("stall before the first byte", spoiled(_stalls), LATE, LATE),
    Fault(
        "stall after the first byte",
        spoiled(paced(_stalls_midway)),
        None,
        Outcome(200, "upstream_timeout", MIDWAY),
    ),
    Fault("reset", spoiled(paced(_is_reset)), FAILED, BROKEN),
    Fault("nonsense", spoiled(paced(_talks_nonsense)), None, BROKEN),
    Fault("wrong content type", spoiled(_is_html), FAILED, FAILED),
    Fault(
        "missing usage",
        spoiled(lambda steps: steps),
        *[Outcome(200, "", "estimated", ("usage_missing",))] * 2,
        no_usage=True,
    ),
    Fault("usage twice", spoiled(_says_it_twice), None, Outcome(200, "", "reported")),
)
