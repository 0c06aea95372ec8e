"""Signed heads, proofs and statements as they are shown, to customers and operators alike."""

from typing import Annotated, Any

from pydantic import Field

from api.document.answer import Answer, Time


class HeadAnswer(Answer):
    """A signed head: so many events up to this position had this root at this time."""

    tree_size: int
    position: int
    root_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    timestamp: Time
    key_id: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    signature: Annotated[str, Field(pattern="^[0-9a-f]{128}$")]


class PublishedHeadAnswer(HeadAnswer):
    """A head, and the public key that it can be checked with."""

    public_key: str | None


class ProvenEventAnswer(Answer):
    """An event of the log and the way from it to the head's root."""

    position: int
    originator_id: str
    version: int
    topic: str
    state: str
    salt: str
    leaf_index: int
    path: list[str]


class ConsistencyProofAnswer(Answer):
    """The proof that one head's log begins another's."""

    format: str
    first: HeadAnswer
    second: HeadAnswer
    first_public_key: str | None
    second_public_key: str | None
    path: list[str]


class InclusionProofAnswer(Answer):
    """Events under the newest head."""

    format: str
    head: HeadAnswer
    public_key: str | None
    events: list[ProvenEventAnswer]


class CallProofAnswer(InclusionProofAnswer):
    """What a call did to the wallet, proved."""

    request_id: str


class StatementAnswer(Answer):
    """A month's statement; an issued one hashes to `sha256`."""

    sha256: str | None
    issued_at: Time | None
    statement: Annotated[
        dict[str, Any],
        Field(
            examples=[
                {
                    "format": "tollbook.statement.1",
                    "status": "issued",
                    "number": "ST-000001",
                    "month": "2026-10",
                    "opening": "100.00",
                    "closing": "81.37",
                }
            ],
            description="The canonical text: figures, control totals and every line.",
        ),
    ]
