"""What Codex makes of a stream: it wants few events, and a turn without its end is tried again."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass
class Turn:
    """The outcome of one request (wire-facts §1.7)."""

    response_id: str = ""
    items: list[Json] = field(default_factory=list)
    usage: Json | None = None
    error: Json | None = None
    retries: bool = False

    @property
    def calls(self) -> list[Json]:
        return [item for item in self.items if item["type"].endswith("_call")]


def turn_of(client: httpx.Client, body: Json) -> Turn:
    """Ask once, and read the answer as Codex does."""
    answer = client.post("/v1/responses", json=body, headers={"originator": "codex_exec"})
    turn = Turn()
    if answer.status_code != 200:
        turn.error = answer.json()["error"]
        final = answer.status_code in {400, 404} or turn.error["code"] == "insufficient_quota"
        turn.retries = not final
        return turn
    turn.retries = True
    for text in answer.text.split("\n\n"):
        data = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
        if data:
            _read(turn, json.loads("".join(data)))
    return turn


def _read(turn: Turn, event: Json) -> None:
    match event["type"]:
        case "response.created":
            turn.response_id = event["response"]["id"]
        case "response.output_item.done":
            turn.items.append(event["item"])
        case "response.completed":
            assert event["response"]["id"] == turn.response_id
            turn.usage, turn.retries = event["response"]["usage"], False
        case "response.failed":
            assert event["response"]["id"] == turn.response_id
            turn.error = event["response"]["error"]
        case "response.incomplete":
            turn.error, turn.retries = event["response"]["incomplete_details"], False
        case _:
            pass
