"""Proofs of a small log that is only in memory, true ones."""

import hashlib
import json
from typing import Any

from adapters.seal.keys import SealKey
from domain.leaf import hash_of
from domain.merkle import (
    Frontier,
    Hash,
    Range,
    consistency_ranges,
    inclusion_ranges,
    join,
    perfect,
    root_of_perfect,
)
from domain.tree_head import TreeHead
from tests.adapters.seal.sealed import KEY

REQUEST, WALLET = "0192" + "0" * 28, "0191" + "0" * 28
DOCUMENT = '{"number":"ST-000007","total":"1.25"}'
DIGEST = hashlib.sha256(DOCUMENT.encode()).hexdigest()


def event(number: int) -> dict[str, Any]:
    """The events of a small log; every fourth is a charge of the request."""
    fact: dict[str, Any] = {"timestamp": "2026-11-21T10:00:00Z", "number": number}
    topic, owner = "thing.happened.1", f"{number:032x}"
    match number % 4:
        case 1:
            topic, owner = "wallet.charged.2", WALLET
            fact |= {"request_id": REQUEST, "amount": 1_500}
        case 2:
            topic, owner = "inference_request.charged.3", REQUEST
            fact["amount"] = 1_500
        case 3:
            topic = "statement.issued.1"
            fact |= {"sha256": DIGEST, "period": "2026-10", "number": 7}
    return {
        "position": 2 * number + 1,
        "originator_id": owner,
        "version": 1,
        "topic": topic,
        "state": json.dumps(fact),
        "salt": f"{number:032x}",
    }


def leaf(fields: dict[str, Any]) -> Hash:
    ids = bytes.fromhex(fields["originator_id"])
    state = fields["state"].encode()
    stored = (fields["position"], ids, fields["version"], fields["topic"], state)
    return hash_of(bytes.fromhex(fields["salt"]), stored)


def leaves(size: int) -> list[Hash]:
    return [leaf(event(number)) for number in range(size)]


def head(size: int, key: SealKey = KEY) -> dict[str, Any]:
    tree = Frontier()
    for one in leaves(size):
        tree.append(one)
    time = "2026-11-21T10:00:00.000000+00:00"
    made = TreeHead(size, 2 * size - 1, tree.root.hex(), time, key.key_id)
    return dict(key.sign(made).fields)


def path(size: int, spans: list[Range]) -> list[str]:
    hashes = leaves(size)
    parts = [
        [root_of_perfect(hashes[n.place << n.level : n.place + 1 << n.level]) for n in perfect(s)]
        for s in spans
    ]
    return [join(part).hex() for part in parts]


def included(number: int, size: int) -> dict[str, Any]:
    spans = inclusion_ranges(number, size)
    return {**event(number), "leaf_index": number, "path": path(size, spans)}


def consistency(first: int, second: int) -> dict[str, Any]:
    return {
        "format": "tollbook.consistency.1",
        "first": head(first),
        "second": head(second),
        "first_public_key": KEY.public_key.hex(),
        "second_public_key": KEY.public_key.hex(),
        "path": path(second, consistency_ranges(first, second)),
    }


def charge(size: int = 11) -> dict[str, Any]:
    return {
        "format": "tollbook.proof.1",
        "request_id": f"req_{REQUEST}",
        "head": head(size),
        "public_key": KEY.public_key.hex(),
        "events": [included(number, size) for number in (1, 2, 5)],
    }


def statement(size: int = 11) -> dict[str, Any]:
    return {
        "format": "tollbook.proof.1",
        "document": DOCUMENT,
        "sha256": DIGEST,
        "head": head(size),
        "public_key": KEY.public_key.hex(),
        "events": [included(7, size)],
        "earlier": consistency(6, size),
    }
