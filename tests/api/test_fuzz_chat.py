"""Bad input to chat completions: always a clear error in OpenAI's shape, never an event."""

import asyncio
import gzip
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings, strategies as st
from psycopg.conninfo import make_conninfo

from adapters.ledger.schema import migrate
from api.exchange import Exchange, Message, Scope
from tests.simulation.bad_input import BAD_BODIES, BAD_FIELDS, BAD_KEYS
from tests.simulation.counter import JOYTOKEN, METERED, MODEL, V1, Counter, counter, fields, text

MANY = settings(max_examples=150, deadline=None, derandomize=True)
SURFACES = pytest.mark.parametrize("path", [V1, JOYTOKEN], ids=["v1", "joytoken"])

characters = st.characters(exclude_categories=())
"""Lone surrogates too: JSON can write them, and no UTF-8 can."""
numbers = st.one_of(
    st.integers(-3, 200), st.integers(-(2**70), 2**70), st.floats(), st.just(10**400)
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(characters, max_size=20))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(characters, max_size=8), inner, max_size=3),
    ),
    max_leaves=8,
)
FIELDS = [
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
    "temperature", "top_p", "stop", "tools", "tool_choice", "response_format", "logit_bias",
    "logprobs", "top_logprobs", "seed", "metadata", "user", "service_tier", "modalities",
    "functions", "chat_template_kwargs", "web_search_options", "unheard_of",
]  # fmt: skip
messages = st.lists(
    st.one_of(
        values,
        st.fixed_dictionaries(
            {"role": st.sampled_from(["user", "system", "tool", "robot"]), "content": values},
            optional={"tool_calls": values, "name": values},
        ),
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    name = f"fuzz_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
    url = make_conninfo(server_url, dbname=name)
    migrate(url)
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with counter(url, str(folder)) as found:
        yield found
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@SURFACES
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_what_is_right_is_answered_and_metered(desk: Counter, path: str, stream: bool) -> None:
    reply = desk.ask(text(stream=stream), path=path)

    reply.check()
    assert reply.status == 200


@SURFACES
@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_that_is_no_plain_json_is_refused(
    desk: Counter, path: str, body: bytes | str
) -> None:
    desk.ask(body, path=path).check_refused(400)


@SURFACES
@pytest.mark.parametrize("name", BAD_FIELDS)
def test_a_field_with_a_wrong_value_is_refused_by_name(desk: Counter, path: str, name: str) -> None:
    for value in BAD_FIELDS[name]:
        reply = desk.ask(text(**{name: value}), path=path)

        reply.check_refused(400)
        assert (reply.error["param"] or "").startswith(name), (value, reply.error)


def test_an_unknown_model_is_404(desk: Counter) -> None:
    for model in ("gpt-nothing", "sandbox-small\x00", "SANDBOX-SMALL", "../sandbox-small", "é"):
        reply = desk.ask(text(model=model))

        reply.check_refused(404, "model_not_found")
        assert reply.error["param"] == "model"


@pytest.mark.parametrize("size", [8 * 2**20 + 1, 10_000_000])
def test_a_body_beyond_the_limit_is_413(desk: Counter, size: int) -> None:
    padded = text(user="x" * size)

    desk.ask(padded).check_refused(413, "request_too_large")


@pytest.mark.parametrize("depth", [2, 100, 250, 260, 900, 1_100])
def test_any_depth_is_answered_or_refused(desk: Counter, depth: int) -> None:
    nested = "[" * depth + "1" + "]" * depth

    desk.ask(f'{text()[:-1]},"chat_template_kwargs":{{"a":{nested}}}}}').check()


@SURFACES
@pytest.mark.parametrize("headers", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_without_a_key_of_ours_nothing_is_looked_at(
    desk: Counter, path: str, headers: dict[bytes, bytes]
) -> None:
    for body in (text(), b"{", b"[" * 100_000):
        reply = desk.ask(body, headers, path)

        reply.check_refused(401)
        assert reply.error["code"] in {"missing_api_key", "invalid_api_key"}


@pytest.mark.parametrize("given_id", [b"a b", b"", b"x" * 129, b"\xe9", b'"', b"\x00", b"a/b"])
def test_a_bad_request_id_is_replaced_by_ours(desk: Counter, given_id: bytes) -> None:
    reply = desk.ask(text(), {b"x-request-id": given_id})

    assert reply.status == 200
    assert reply.answer.headers["x-request-id"] == reply.answer.headers["x-gateway-request-id"]


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate, gzip", b"x" * 1_000])
def test_a_compressed_body_is_refused(desk: Counter, coding: bytes) -> None:
    desk.ask(gzip.compress(text().encode()), {b"content-encoding": coding}).check_refused(400)


@SURFACES
@pytest.mark.parametrize(
    "key", [b"", b" ", b"a b", b"x" * 256, b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"a\x00b", b"\x7f"]
)
def test_a_bad_idempotency_key_is_refused(desk: Counter, path: str, key: bytes) -> None:
    desk.ask(text(), {b"idempotency-key": key}, path).check_refused(400, "invalid_value")


@SURFACES
def test_an_idempotency_key_calls_once_and_names_the_call_that_used_it(
    desk: Counter, path: str
) -> None:
    header = {b"idempotency-key": f"once-{path}".encode()}
    first = desk.ask(text(), header, path)
    again, other = desk.ask(text(), header, path), desk.ask(text(seed=2), header, path)
    faulty = desk.ask(text(n=0), header, path)

    assert first.status == 200
    assert sorted(first.topics) == sorted([*METERED, "idempotency.claimed.1"])
    again.check_refused(409, "idempotency_conflict")
    assert first.answer.headers["x-gateway-request-id"] in again.error["message"]
    assert again.answer.headers["x-should-retry"] == "false"
    other.check_refused(422, "idempotency_key_reused")
    faulty.check_refused(400)


def test_an_idempotency_key_is_not_used_up_by_a_refusal(desk: Counter) -> None:
    header = {b"idempotency-key": b"after-refusal"}

    desk.ask(text(n=0), header).check_refused(400)
    desk.ask(text(model="nobody"), header).check_refused(404)
    assert desk.ask(text(), header).status == 200


def test_of_ten_calls_at_once_with_one_idempotency_key_one_is_made(desk: Counter) -> None:
    replies = desk.ask_at_once([text()] * 10, {b"idempotency-key": b"ten-at-once"})

    assert sorted(reply.status for reply in replies) == [200, *[409] * 9]
    assert sorted(replies[0].topics) == sorted([*METERED, "idempotency.claimed.1"])


def test_the_same_idempotency_key_on_both_surfaces_is_one_key(desk: Counter) -> None:
    header = {b"idempotency-key": b"both-surfaces"}

    assert desk.ask(text(), header, V1).status == 200
    desk.ask(text(), header, JOYTOKEN).check_refused(409)


def test_a_body_in_small_pieces_costs_no_more_than_its_size() -> None:
    pieces = iter([b"x" * 256] * 16_384)

    async def receive() -> Message:
        piece = next(pieces, b"")
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope: Scope = {"headers": [], "method": "POST", "path": V1}
    started = time.process_time()
    body = asyncio.run(Exchange(scope, receive, send).body(2**23))

    assert len(body) == 256 * 16_384
    assert time.process_time() - started < 0.4


@MANY
@given(body=st.one_of(st.binary(max_size=300), st.text(max_size=100)))
def test_noise_is_refused(desk: Counter, body: bytes | str) -> None:
    desk.ask(body).check_refused(400)


@MANY
@given(body=values)
def test_any_json_is_refused(desk: Counter, body: object) -> None:
    desk.ask(json.dumps(body)).check_refused(400)


@MANY
@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), values, min_size=1, max_size=3),
    path=st.sampled_from([V1, JOYTOKEN]),
)
def test_any_value_in_any_field_is_refused_or_metered(
    desk: Counter, changes: dict[str, Any], path: str
) -> None:
    desk.ask(text(**changes), path=path).check()


@MANY
@given(said=messages, stream=st.booleans(), model=st.sampled_from([MODEL, "sandbox/echo"]))
def test_any_messages_are_refused_or_metered(
    desk: Counter, said: list[Any], stream: bool, model: str
) -> None:
    desk.ask(json.dumps(fields(messages=said, stream=stream, model=model))).check()


header_values = st.one_of(
    st.binary(max_size=40), st.text(st.characters(max_codepoint=255)).map(str.encode),
    st.sampled_from([b"Bearer x", b"identity", b"chunked", b"0", b"-1", b"9" * 400]),
)  # fmt: skip
header_names = st.sampled_from(
    [
        b"authorization", b"x-api-key", b"x-request-id", b"idempotency-key", b"content-type",
        b"content-encoding", b"content-length", b"accept", b"openai-organization", b"expect",
    ]
)  # fmt: skip


@MANY
@given(
    headers=st.dictionaries(header_names, header_values, max_size=4),
    path=st.sampled_from([V1, JOYTOKEN]),
)
def test_any_headers_are_refused_or_metered(
    desk: Counter, headers: dict[bytes, bytes], path: str
) -> None:
    reply = desk.ask(text(), headers, path)

    if reply.status == 200 and b"idempotency-key" in headers:
        reply.topics.remove("idempotency.claimed.1")
    reply.check()
