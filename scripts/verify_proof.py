#!/usr/bin/env python3
"""Check a proof offline: that these events are in the log that the operator signed.

    verify_proof.py proof.json --key HEX    the operator's public key that you trust, or its SHA-256

A proof is what /openapi/v1/billing/detail/{request_id}/proof answers, or a statement's proof, or a
consistency proof between two heads. Needs Python 3.10 and the package `cryptography` alone. Ends
with 0 if everything is proved, with 1 and the reason if not. It cannot tell what was left out.
"""

import argparse
import hashlib
import json
import sys
from decimal import Decimal
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def require(holds, what):
    """Go on only if it holds."""
    if not holds:
        sys.exit(f"NOT PROVED: {what}")


def node(left, right):
    """Hash two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf(event):
    """Hash an event: 0x00, then each part after its length in four bytes."""
    position, version = (event[n].to_bytes(8, "big", signed=True) for n in ("position", "version"))
    salt, originator = (bytes.fromhex(event[name]) for name in ("salt", "originator_id"))
    topic, state = event["topic"].encode(), event["state"].encode()
    parts = (b"tollbook.leaf.1", salt, position, originator, version, topic, state)
    data = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(b"\x00" + data).digest()


def sides(place, last):
    """Tell of each part of a path, from below, whether it stands on the left."""
    while last > 0:
        left = place % 2 == 1 or place == last
        while left and place % 2 == 0:
            place, last = place // 2, last // 2
        yield left
        place, last = place // 2, last // 2


def check_inclusion(event, head):
    """RFC 9162, section 2.1.3.2."""
    name = f"the event {event['topic']} at position {event['position']}"
    place, last = event["leaf_index"], head["tree_size"] - 1
    require(0 <= place <= last, f"{name} is outside of the signed log")
    left, path, found = list(sides(place, last)), event["path"], leaf(event)
    require(len(left) == len(path), f"the path of {name} has the wrong length")
    for part, on_left in zip(map(bytes.fromhex, path), left, strict=True):
        found = node(part, found) if on_left else node(found, part)
    require(found.hex() == head["root_hash"], f"{name} is not in the signed log")


def check_consistency(proof):
    """RFC 9162, section 2.1.4.2."""
    small, large = (proof[side]["tree_size"] for side in ("first", "second"))
    old, new = (bytes.fromhex(proof[side]["root_hash"]) for side in ("first", "second"))
    what = f"the log of {small} events does not begin the log of {large}"
    require(0 < small <= large, what)
    up = (small & -small).bit_length() - 1
    left = list(sides((small - 1) >> up, (large - 1) >> up)) if small < large else []
    whole = small == 1 << up or small == large
    parts = [old] * whole + [bytes.fromhex(part) for part in proof["path"]]
    require(len(parts) == 1 + len(left), what)
    before = after = parts.pop(0)
    for part, on_left in zip(parts, left, strict=True):
        before = node(part, before) if on_left else before
        after = node(part, after) if on_left else node(after, part)
    require((before, after) == (old, new), what)
    print(f"kept     all of the first {small} events are in the log of {large}")


def check_head(head, key, trusted):
    """Check who signed it: a key is named by its hash, and only a trusted one counts."""
    name = f"the head of {head['tree_size']} events"
    public, signature = bytes.fromhex(key), bytes.fromhex(head["signature"])
    digest = hashlib.sha256(public).hexdigest()
    require(digest == head["key_id"], f"{name} comes with another key than it names")
    require(trusted & {key, digest}, f"{name} is signed by the key {key}, not by yours")
    fields = ("tree_size", "position", "root_hash", "timestamp", "key_id")
    message = "".join(f"{text}\n" for text in ("tollbook.head.1", *(head[f] for f in fields)))
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message.encode())
    except InvalidSignature:
        require(False, f"the signature of {name} is wrong")
    print(f"signed   {name}, {head['timestamp']}, by key {key[:16]}…")


def check_events(proof):
    """Check that each event is under the head and of the request; and the document, if any."""
    require(proof["events"], "there is no event in it")
    for event in proof["events"]:
        check_inclusion(event, proof["head"])
        fact = json.loads(event["state"])
        about = {f"req_{name}" for name in (event["originator_id"], fact.get("request_id"))}
        require({proof.get("request_id")} <= {None, *about}, "an event is of another request")
        amount = f" {Decimal(fact['amount']).scaleb(-9):f}" if "amount" in fact else ""
        print(f"included {event['position']} {fact['timestamp']} {event['topic']}{amount}")
    if "document" not in proof:
        return
    digest = hashlib.sha256(proof["document"].encode()).hexdigest()
    require(digest == proof["sha256"], "the document is not the one of this SHA-256")
    issued = [json.loads(e["state"]) for e in proof["events"] if "statement.issued." in e["topic"]]
    require([fact["sha256"] for fact in issued] == [digest], "no sealed event issued the document")
    print(f"issued   statement {issued[0]['number']} for {issued[0]['period']}, {digest[:16]}…")


def check(proof, trusted):
    """Check all that the proof has."""
    if proof["format"] == "tollbook.consistency.1":
        for side in ("first", "second"):
            check_head(proof[side], proof[f"{side}_public_key"], trusted)
        check_consistency(proof)
        return
    require(proof["format"] == "tollbook.proof.1", "this is no proof that is known here")
    check_head(proof["head"], proof["public_key"], trusted)
    check_events(proof)
    if "earlier" in proof:
        require(proof["earlier"]["second"] == proof["head"], "the earlier head leads elsewhere")
        check(proof["earlier"], trusted)


def main():
    """Check the file that is named."""
    parser = argparse.ArgumentParser(description="Check a proof offline.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--key", action="append", required=True, help="in hex; may be repeated")
    asked = parser.parse_args()
    try:
        proof = json.loads(asked.proof.read_text(encoding="utf-8"))
        check(proof.get("data", proof), {key.lower() for key in asked.key})
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError) as error:
        require(False, f"this cannot be read as a proof: {error!r}")
    print("PROVED")


if __name__ == "__main__":
    main()
