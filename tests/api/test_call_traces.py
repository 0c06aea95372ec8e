"""Traces and spans from outside: two workers, a scripted upstream, a collector of OpenTelemetry."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.gateway_process import CATALOG, HTTP, Customer, GatewayProcess
from tests.otlp_receiver import Collector, attributes, collector
from tests.scripted_upstream import ScriptedUpstream, error, stall
from tests.simulation.processes import wait_for_workers, wait_until

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WORDS = "words that nobody is to keep"


@dataclass
class Scene:
    gateway: GatewayProcess
    upstream: ScriptedUpstream
    collecting: Collector
    customer: Customer

    def ask(self, **options: Any) -> httpx.Response:
        body = {"model": "small", "messages": [{"role": "user", "content": WORDS}]}
        return self.request("POST", "/v1/chat/completions", json=body, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self.customer.api_key}"}
        headers = {**bearer, **options.pop("headers", {})}
        return HTTP.request(method, self.gateway.url + path, headers=headers, **options)

    def trace_of(self, answer: httpx.Response) -> Any:
        request_id = answer.headers["x-gateway-request-id"]
        return self.request("GET", f"/openapi/v1/traces/{request_id}").json()["data"]

    def spans_of(self, answer: httpx.Response) -> list[Any]:
        """Wait for a call's spans; gives its own first."""
        request_id = answer.headers["x-gateway-request-id"]

        def roots() -> list[Any]:
            spans = list(self.collecting.spans)
            return [s for s in spans if attributes(s).get("tollbook.request_id") == request_id]

        wait_until(lambda: bool(roots()), "the spans of a call")
        (root,) = roots()
        below = [s for s in self.collecting.spans if s.parent_span_id == root.span_id]
        return [root, *below]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with ExitStack() as exits:
        upstream = exits.enter_context(ScriptedUpstream())
        collecting = exits.enter_context(collector())
        gateway = GatewayProcess(
            tmp_path_factory.mktemp("gateway"),
            catalog=CATALOG.format(url=upstream.url),
            workers=2,
            environ={
                "TOLLBOOK_OTLP_ENDPOINT": collecting.url,
                "TOLLBOOK_PASS_TRACEPARENT": "true",
            },
        )
        exits.enter_context(gateway)
        yield Scene(gateway, upstream, collecting, gateway.customer())


def test_every_worker_tells_the_steps_that_any_worker_timed(scene: Scene) -> None:
    answers = [scene.ask() for _ in range(12)]

    traces = [scene.trace_of(answer) for answer in answers]

    assert [trace["source"] for trace in traces] == ["worker"] * 12
    assert all(trace["status"] == "ok" for trace in traces)
    found = scene.request("GET", "/openapi/v1/observation/metrics").json()["data"]
    assert found["totals"]["outcomes"]["ok"] == 12


def test_a_call_goes_on_with_its_callers_trace_and_the_upstream_with_ours(scene: Scene) -> None:
    answer = scene.ask(headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    root, *below = scene.spans_of(answer)

    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, SPAN)
    sent = scene.upstream.requests[-1].headers["traceparent"]
    assert sent == f"00-{TRACE}-{root.span_id.hex()}-01"
    (attempt,) = [span for span in below if "gen_ai.provider.name" in attributes(span)]
    assert attributes(attempt)["gen_ai.provider.name"] == "scripted"
    assert attributes(root)["gen_ai.response.model"] == "small"
    assert attributes(root)["gen_ai.usage.input_tokens"] > 0


def test_without_one_the_trace_is_ours_from_the_first_span_on(scene: Scene) -> None:
    answer = scene.ask()

    root, *_ = scene.spans_of(answer)

    assert root.parent_span_id == b""
    sent = scene.upstream.requests[-1].headers["traceparent"]
    assert sent == f"00-{root.trace_id.hex()}-{root.span_id.hex()}-01"


def test_a_call_that_the_upstream_fails_says_so_everywhere(scene: Scene) -> None:
    scene.upstream.script(error(400))
    answer = scene.ask()

    trace, (root, *_) = scene.trace_of(answer), scene.spans_of(answer)

    assert (trace["status"], trace["code"]) == ("failed", "upstream_rejected")
    assert [s["outcome"] for s in trace["steps"] if s["step"] == "attempt"] == ["status_400"]
    assert [s["step"] for s in trace["steps"]][-2:] in (
        ["release", "refuse"],
        ["refuse", "projection"],
    )
    assert attributes(root)["error.type"] == "upstream_rejected"
    assert attributes(root)["http.response.status_code"] == trace["http_status"]


def test_no_word_of_a_call_leaves_in_a_span(scene: Scene) -> None:
    scene.spans_of(scene.ask())

    assert WORDS.encode() not in b"".join(scene.collecting.raw)
    assert scene.customer.api_key.encode() not in b"".join(scene.collecting.raw)


def test_what_a_collector_refuses_is_counted_and_no_call_suffers(scene: Scene) -> None:
    def lost() -> int:
        lines = HTTP.get(f"{scene.gateway.url}/metrics").text.splitlines()
        told = [line for line in lines if line.startswith("tollbook_traces_dropped_total")]
        return sum(int(float(line.split()[-1])) for line in told if 'to="otlp"' in line)

    before = lost()
    scene.collecting.status = 400
    try:
        answers = [scene.ask() for _ in range(3)]
        wait_until(lambda: lost() >= before + 3, "three dropped traces")
    finally:
        scene.collecting.status = 200
    assert all(answer.is_success for answer in answers)
    assert scene.trace_of(answers[-1])["source"] == "worker"


def test_of_a_call_whose_worker_was_killed_the_ledger_tells(scene: Scene) -> None:
    scene.upstream.script(stall(60))
    before = len(scene.upstream.requests)
    with httpx.Client(timeout=60) as client:
        sending = client.build_request(
            "POST",
            f"{scene.gateway.url}/v1/chat/completions",
            headers={"Authorization": f"Bearer {scene.customer.api_key}"},
            json={"model": "small", "messages": [{"role": "user", "content": WORDS}]},
        )
        wait = _in_thread(lambda: client.send(sending))
        wait_until(lambda: len(scene.upstream.requests) > before, "the upstream is asked")
        for worker in scene.gateway.children("worker"):
            worker.kill()
        wait()
    wait_for_workers(scene.gateway, 4)

    lines = scene.request("GET", "/openapi/v1/observation/logs?status=open").json()["data"]
    (line,) = lines["items"]
    trace = scene.request("GET", f"/openapi/v1/traces/{line['request_id']}").json()["data"]

    assert (trace["source"], trace["status"]) == ("ledger", "open")
    assert [step["step"] for step in trace["steps"]] == ["reserve"]


def test_traces_that_are_too_old_are_deleted_by_the_background(scene: Scene) -> None:
    recent, old = scene.ask(), scene.ask()
    assert {scene.trace_of(answer)["source"] for answer in (recent, old)} == {"worker"}
    old_id = old.headers["x-gateway-request-id"].removeprefix("req_")
    with scene.gateway.database() as conn:
        conn.execute(
            "UPDATE call_traces SET began_at = began_at - interval '31 days' WHERE request_id = %s",
            (old_id,),
        )
        (background,) = scene.gateway.children("background")
        background.kill()  # a new one begins with a round of everything

        def kept() -> bool:
            query = "SELECT 1 FROM call_traces WHERE request_id = %s"
            return conn.execute(query, (old_id,)).fetchone() is not None

        wait_until(lambda: not kept(), "the old trace is deleted")
    assert [scene.trace_of(answer)["source"] for answer in (recent, old)] == ["worker", "ledger"]


def _in_thread(work: Any) -> Any:
    """Do something that will fail; gives what waits for it."""

    def tried() -> None:
        with suppress(httpx.TransportError):
            work()

    thread = threading.Thread(target=tried)
    thread.start()
    return thread.join
