"""One attempt, on real sockets with TLS: pinned, verified, short, and never led elsewhere."""

import asyncio
import socket
import ssl
import time
from typing import Any

import pytest

from adapters.webhooks import sender as sending
from adapters.webhooks.address import is_public
from adapters.webhooks.sender import Answer, WebhookSender
from tests.webhook_receiver import HOST, Receiver, receiver, silent_server

BODY = b'{"id":"evt_1"}'


def send(told: Receiver, url: str | None = None, *, linger: float = 0.05, **changes: Any) -> Answer:
    """Make one attempt to a loopback server, which production's own rules would never allow.

    It lingers because a connection that was given up closes a moment later.
    """
    options: dict[str, Any] = {
        "allows": lambda address: address == "127.0.0.1",
        "resolve": told.resolve,
        "verify": told.trusted,
        "patience_seconds": 5,
        **changes,
    }
    sender = WebhookSender(**options)

    async def attempt() -> Answer:
        answer = await sender.send(url or told.url, {"webhook-id": "evt_1"}, BODY)
        await asyncio.sleep(linger)
        return answer

    return asyncio.run(attempt())


def test_a_message_arrives_as_it_is() -> None:
    with receiver() as told:
        answer = send(told)

    assert (answer, answer.accepted) == (Answer(204, None), True)
    (message,) = told.received
    assert (message.path, message.body) == ("/hook?a=b", BODY)
    assert message.headers["webhook-id"] == "evt_1"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["host"] == f"{HOST}:{told.port}"


def test_a_host_in_capitals_is_the_same_host() -> None:
    with receiver() as told:
        answer = send(told, told.url.replace(HOST, HOST.upper()))

    assert answer.accepted


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_another_status_is_told(status: int) -> None:
    with receiver() as told:
        told.plan = [status]
        answer = send(told)

    assert (answer, answer.accepted) == (Answer(status, None), False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(status: int) -> None:
    with receiver() as told:
        told.plan, told.headers = [status], {"location": "https://hooks.example.com/other"}
        answer = send(told)

    assert (answer, answer.accepted) == (Answer(status, None), False)
    assert len(told.received) == 1


def test_an_endless_answer_is_not_read() -> None:
    with receiver() as told:
        told.endless, told.plan = True, [200]
        started = time.monotonic()
        answer = send(told)

    assert answer.accepted
    assert time.monotonic() - started < 4


def test_who_does_not_answer_in_time_is_given_no_more() -> None:
    with receiver() as told:
        told.stall_seconds = 0.5
        answer = send(told, patience_seconds=0.2, linger=0.6)

    assert answer == Answer(None, "timeout")


def test_a_server_that_says_nothing_at_all_is_left() -> None:
    with receiver() as told, silent_server() as port:
        answer = send(told, f"https://{HOST}:{port}/", patience_seconds=0.3)

    assert answer == Answer(None, "timeout")


def test_a_slow_name_server_counts_too() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(5)
        return []

    with receiver() as told:
        assert send(told, resolve=resolve, patience_seconds=0.2) == Answer(None, "timeout")


@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], []],
    ids=str,
)
def test_a_name_that_leads_inside_is_not_called(found: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return found

    with receiver() as told:
        answer = send(told, resolve=resolve, allows=is_public)

    assert answer == Answer(None, "refused_address")
    assert told.received == []


def test_made_as_in_production_a_sender_calls_nothing_on_this_machine() -> None:
    with receiver() as told:
        url = f"https://localhost.localdomain:{told.port}/"
        sender = WebhookSender(resolve=told.resolve)

        answer = asyncio.run(sender.send(url, {}, BODY))
        literal = asyncio.run(WebhookSender().send(f"https://127.0.0.1:{told.port}/", {}, BODY))

    assert (answer.error, literal.error) == ("refused_address", "refused_url")
    assert told.received == []


def test_a_name_is_resolved_once_and_its_address_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer of a name server that changes its mind must not matter."""

    def asked_again(*_: object, **__: object) -> None:
        message = "the name was resolved again"
        raise AssertionError(message)

    with receiver() as told:
        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", asked_again)
        monkeypatch.setattr(socket, "getaddrinfo", asked_again)
        answer = send(told)

    assert answer.accepted
    assert told.resolved == [HOST]


def test_a_certificate_of_another_name_is_refused() -> None:
    with receiver(certified_for="other.example.com") as told:
        answer = send(told)

    assert answer == Answer(None, "tls_failed")
    assert told.received == []


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with receiver() as told:
        answer = send(told, verify=None)
        other = send(told, verify=ssl.create_default_context())

    assert answer == other == Answer(None, "tls_failed")
    assert told.received == []


def test_a_closed_door_is_told() -> None:
    with receiver() as told:
        pass

    assert send(told) == Answer(None, "connect_failed")


def test_an_unknown_name_is_told() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with receiver() as told:
        assert send(told, resolve=resolve) == Answer(None, "dns_failed")


def test_what_is_no_http_is_told() -> None:
    with receiver() as told:
        told.headers = {"bad header\x00": "x"}
        answer = send(told)

    assert answer == Answer(None, "bad_answer")


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with receiver() as told:
        assert send(told).accepted


def test_every_failure_has_a_code() -> None:
    codes = [code for _, code in sending.FAILURES]

    assert codes[-2:] == ["bad_answer", "connect_failed"]
