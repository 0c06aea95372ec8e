"""Traces of calls as workers make them."""

import time
from typing import Any
from uuid import UUID

from adapters.traces.call_trace import CallTrace
from api.minting import mint
from domain.reserve_call import Identity
from domain.settle_call import Attempt
from domain.usage import Usage

WHO = Identity(*(UUID(int=number << 16) for number in range(1, 5)))
ENDED_NS = 1_795_000_000_123_456_789
BEGUN = [("auth", 1_000), ("attempt", 3_000), ("attempt", 500_000), ("relay", 2_000_000),
         ("charge", 2_500_000), ("send", 3_000_000), ("end", 3_001_000)]  # fmt: skip
ATTEMPTS = (
    Attempt("first", "up-first", "status_503", None, "USD", 1),
    Attempt("second", "up-second", "ok", 7, "USD", 2),
)


def trace(**more: Any) -> CallTrace:
    """A call that failed over, answered and was charged, unless told otherwise."""
    fields: dict[str, Any] = {
        "request_id": mint(0),
        "identity": WHO,
        "surface": "chat",
        "requested": "auto",
        "answered": "small",
        "held": True,
        "status": 200,
        "code": None,
        "ended_ns": ENDED_NS,
        "begun": BEGUN,
        "attempts": ATTEMPTS,
        "usage": Usage({"input": 3, "cached_input": 4, "output": 5}),
        "traceparent": None,
    }
    return CallTrace(**{**fields, **more})


def refused(**more: Any) -> CallTrace:
    """A call that was refused before its hold."""
    begun = [("auth", 0), ("quote", 50_000), ("refuse", 90_000), ("end", 100_000)]
    fields: dict[str, Any] = {
        "held": False, "answered": None, "status": 402, "code": "insufficient_balance",
        "begun": begun, "attempts": (), "usage": None, "ended_ns": time.time_ns(),
    }  # fmt: skip
    return trace(**{**fields, **more})
