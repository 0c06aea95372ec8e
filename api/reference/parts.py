"""What every operation of the reference shares, and the words that introduce it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

IDS: Final[Mapping[str, str]] = {
    "api_key_id": "key", "customer_id": "cus", "grant_id": "grt", "request_id": "req",
    "payment_id": "pay", "conversation_id": "conv", "batch_id": "cbt",
    "webhook_id": "evt",
}  # fmt: skip
"""What the ids of paths begin with."""
HEADERS: Final = {
    "X-Request-ID": {
        "description": "The caller's own id of this request if it sent a valid one, else ours.",
        "schema": {"type": "string"},
    },
    "X-Gateway-Request-ID": {
        "description": "Our id of this request, the same as `request_id`.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "In how many seconds to come back.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
PARAMETERS: Final = {
    "X-Request-ID": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "An id of the caller's own, for its logs: 1 to 128 of `A-Za-z0-9._:-`. "
        "It comes back in the answer; one that is not valid is left alone.",
        "schema": {"type": "string", "examples": ["invoice-run-118"]},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Sent again with the same body, nothing is done twice; "
        "with another body it is refused.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
}
TAGS: Final[Mapping[str, str]] = {
    "inference": "Calling models. One key works on every protocol.",
    "client": "Who the caller is.",
    "api-keys": "Keys: what they may do, and how much they may spend.",
    "models": "Models that can be called, and whether a call would go through.",
    "model-tags": "Tags of models.",
    "resources": "The catalogue: models, MCP servers, skills and agents.",
    "resource-types": "Kinds of resources.",
    "balance": "The wallet, and what is told of it.",
    "balance-transactions": "Every movement of the wallet.",
    "billing": "What each call was charged, why, and the month's statement.",
    "usage": "What was used.",
    "cost": "What was spent, at a glance.",
    "conversations": "Conversations: metadata only, never what was said.",
    "context": "How long conversations are trimmed, remembered and cached.",
    "routing": "Which models and routes calls take.",
    "security": "What is refused, masked, logged and kept.",
    "observation": "How calls went.",
    "traces": "How one call went, step by step.",
    "webhooks": "What was told to the customer's own machines, and telling it again.",
    "seal": "Signed heads of the log and proofs that anyone can check.",
    "customers": "Customers, their wallets, credit and terms.",
    "requests": "Correcting what a call was charged.",
    "correction-batches": "Correcting many charges at once.",
    "price-versions": "Versions of the price book.",
    "what-if": "What a month would have come to.",
    "payments": "Money that came in.",
    "webhook-deliveries": "What customers were told.",
    "periods": "Months, and closing them.",
    "statements": "Statements that were issued.",
    "reports": "Reports for finance.",
    "margins": "Revenue, supplier cost and what is between them.",
    "supplier-reports": "What suppliers bill.",
    "reconciliations": "Our books against suppliers'.",
}
"""Groups in their order, and what they are about."""


@dataclass(frozen=True, slots=True)
class Words:
    """What introduces a document."""

    info: Mapping[str, Any]
    server: str
    guard: str
    schemes: Mapping[str, Any]
    webhooks: bool = False


def path_parameter(name: str) -> dict[str, Any]:
    """Describe what a path leaves open."""
    schema: dict[str, Any] = {"type": "string"}
    if name in IDS:
        prefix = IDS[name]
        schema |= {
            "pattern": f"^{prefix}_[0-9a-f]{{32}}$",
            "examples": [f"{prefix}_019afe4cbb0f7c3f8f0ad2f9e4ab0000"],
        }
    elif name == "month":
        schema |= {"pattern": r"^\d{4}-\d\d$", "examples": ["2026-11"]}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def the_same(content: dict[str, Any], description: str = "As asked.") -> dict[str, Any]:
    """Write an answer with the headers that every one has."""
    names = ("X-Request-ID", "X-Gateway-Request-ID")
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": description, "headers": headers, "content": content}
