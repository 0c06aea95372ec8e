"""What each kind of webhook tells in its `data`, beside whose news it is and the currency."""

from collections.abc import Mapping
from typing import Any, Final

from api.reference.parts import IDS

Properties = Mapping[str, Mapping[str, Any]]


def _amount(description: str, *, nullable: bool = False) -> dict[str, Any]:
    return {
        "type": ["string", "null"] if nullable else "string",
        "pattern": r"^-?[0-9]+\.[0-9]{2,9}$",
        "description": description,
        "examples": ["12.50"],
    }


def _id(prefix: str, description: str, *, nullable: bool = False) -> dict[str, Any]:
    return {
        "type": ["string", "null"] if nullable else "string",
        "pattern": f"^{prefix}_[0-9a-f]{{32}}$",
        "description": description,
        "examples": [f"{prefix}_019afe4cbb0f7c3f8f0ad2f9e4ab0000"],
    }


def _month(description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": r"^\d{4}-\d\d$",
        "description": description,
        "examples": ["2026-11"],
    }


_KEY: Final = IDS["api_key_id"]
_AVAILABLE: Final = _amount("What the wallet had available.")
_ALERT: Final[Properties] = {
    "threshold": _amount("The threshold of `balance/config` that was crossed."),
    "available": _AVAILABLE,
}
_OF_KEY: Final[Properties] = {
    "api_key_id": _id(_KEY, "The key that it happened to."),
    "by": {
        "type": "string",
        "pattern": f"^(operator|{_KEY}_[0-9a-f]{{32}})$",
        "description": "The key that did it, or `operator`.",
        "examples": ["operator"],
    },
}
DATA: Final[Mapping[str, Properties]] = {
    "api_key.changed": _OF_KEY,
    "api_key.created": _OF_KEY,
    "api_key.disabled": _OF_KEY,
    "api_key.limits_changed": _OF_KEY,
    "api_key.rotated": _OF_KEY,
    "balance.alert": _ALERT,
    "balance.alert_cleared": _ALERT,
    "balance.recharge_requested": {
        "below": _amount("The line below which a recharge is wanted."),
        "amount": _amount("How much is wanted."),
        "available": _AVAILABLE,
    },
    "correction.made": {
        "period": _month("The month that the correction is booked in."),
        "corrects": _month("The month of the call."),
        "rerated": {
            "type": "boolean",
            "description": "Whether calls were rated anew, which is told once for all of them: the "
            "other fields are null then.",
        },
        "correction_id": _id("cor", "The correction.", nullable=True),
        "request_id": _id(IDS["request_id"], "The call that is corrected.", nullable=True),
        "amount": _amount("Positive gives credit back.", nullable=True),
    },
    "quota.alert": {
        "api_key_id": _id(_KEY, "The key whose quota it is."),
        "percent": {
            "type": "integer",
            "minimum": 1,
            "description": "The percentage of the quota that is spent by now.",
            "examples": [80],
        },
        "window": {
            "type": "string",
            "pattern": r"^(\d{4}-\d\d(-\d\d)?|all)$",
            "description": "The day or month that the quota is for, or `all`.",
            "examples": ["2026-11"],
        },
        "spent": _amount("What is spent in the window."),
        "quota": _amount("What may be spent in it."),
    },
    "statement.issued": {
        "month": _month("The month that was closed."),
        "number": {
            "type": "integer",
            "minimum": 1,
            "description": "The statement's number.",
            "examples": [118],
        },
        "sha256": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "The hash of the canonical document.",
        },
    },
    "webhook.test": {},
}
"""By type; every field is always there."""
