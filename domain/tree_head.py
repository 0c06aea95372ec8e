"""A signed tree head: so many events up to this position had this root at this time."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Self, cast

TAG: Final = "tollbook.head.1"

_HEX = {
    "root_hash": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "key_id": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "signature": re.compile(r"[0-9a-f]{128}", re.ASCII),
}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What is signed, and the signature; hashes, ids and signatures in hex."""

    tree_size: int
    position: int
    """The last event's; positions may have gaps, so it is not the size."""
    root_hash: str
    timestamp: str
    """RFC 3339 in UTC, with microseconds."""
    key_id: str
    """The SHA-256 of the raw public key."""
    signature: str = ""
    """Ed25519 over `message`; empty before it is signed."""

    @property
    def message(self) -> bytes:
        """Write the bytes that are signed: a tag and the fields, each on a line of its own."""
        said = (TAG, self.tree_size, self.position, self.root_hash, self.timestamp, self.key_id)
        return "".join(f"{part}\n" for part in said).encode()

    @property
    def fields(self) -> dict[str, Any]:
        """Give the fields as JSON has them."""
        return asdict(self)

    @property
    def line(self) -> bytes:
        """Write the head as a line of NDJSON, always the same bytes."""
        return json.dumps(self.fields, separators=(",", ":")).encode() + b"\n"

    def signed(self, signature: bytes) -> Self:
        """Put the signature on."""
        return replace(self, signature=signature.hex())

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Take a signed head from JSON's fields, or raise ValueError."""
        if set(given) != {field.name for field in fields(cls)}:
            message = "not the fields of a tree head"
            raise ValueError(message)
        head = cls(**given)
        sizes = (head.tree_size, head.position)
        sound = all(type(size) is int and size > 0 for size in sizes)
        for name, pattern in (*_HEX.items(), ("timestamp", _TIMESTAMP)):
            value = getattr(head, name)
            sound = sound and isinstance(value, str) and pattern.fullmatch(value) is not None
        if not sound:
            message = "a field of the tree head is malformed"
            raise ValueError(message)
        return head

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Read a line that `line` wrote, or raise ValueError."""
        given: object = json.loads(line)
        head = cls.parse(cast("dict[str, Any]", given) if isinstance(given, dict) else {})
        if head.line != line:
            message = "not the line of a tree head"
            raise ValueError(message)
        return head
