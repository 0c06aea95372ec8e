"""Running the matrix: every client, every feature, whole and streamed, every upstream."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.gateway_process import Customer
from tests.matrix.clients import CLIENTS, Client, case_of
from tests.matrix.features import FEATURES, Feature, expected_of, missing_in
from tests.matrix.gateway import UPSTREAMS, Setting, Upstream

MODES = (False, True)
SECONDS = 300
REFUSED: Mapping[tuple[str, str], str] = {
    ("responses", "stop"): "stop",
}
"""What an upstream's protocol cannot carry, and the field that the refusal must name."""

Result = dict[str, Any]
Runner = Callable[[Client], list[str]]
"""Gives the command that runs a client's script in its environment."""


@dataclass(frozen=True)
class Cell:
    """What came of one case: `equal`, `refused`, `unsaid`, or what was wrong."""

    client: str
    upstream: str
    feature: str
    stream: bool
    outcome: str

    @property
    def passed(self) -> bool:
        return self.outcome in {"equal", "refused", "unsaid"}


def run_matrix(setting: Setting, command_of: Runner) -> list[Cell]:
    """Run all of it, one client after the other."""
    cells: list[Cell] = []
    for client in CLIENTS:
        for observed in setting.observed.values():
            observed.seen.clear()
        customer = setting.gateway.customer("1000")
        results = _run(client, setting, customer, command_of)
        cells += _judged(client, setting, results, _books_of(setting, customer))
    return cells


def _run(
    client: Client, setting: Setting, customer: Customer, command_of: Runner
) -> dict[str, Result]:
    cases = [
        case_of(feature, f"{upstream.name}/{feature.name}", stream=stream)
        for upstream in UPSTREAMS
        for feature in FEATURES
        if feature.name not in client.unsaid
        for stream in MODES
    ]
    return answers_to(cases, [*command_of(client), setting.gateway.url, customer.api_key])


def answers_to(cases: list[dict[str, Any]], command: list[str]) -> dict[str, Result]:
    """Run a client's script over its cases and read what it saw, by case."""
    done = subprocess.run(
        command,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-4000:]}"
    results: dict[str, Result] = json.loads(done.stdout)
    return results


def _books_of(setting: Setting, customer: Customer) -> dict[str, list[Result]]:
    """Each call's charge by model, in order; a call without one has None."""
    calls: dict[str, Result] = {}
    owner = customer.customer_id.partition("_")[2]
    rows = setting.log.execute(
        "SELECT originator_id, topic, state FROM ledger_events"
        " WHERE topic LIKE 'inference_request.%' ORDER BY position"
    ).fetchall()
    for who, topic, raw in rows:
        state, name = json.loads(bytes(raw)), topic.split(".")[1]
        if name == "reserved" and state["customer_id"] == owner:
            calls[who.hex] = {"model": state["model"], "charged": None, "ends": 0}
        elif who.hex in calls and name in {"charged", "released", "outcome_unknown"}:
            calls[who.hex]["ends"] += 1
            calls[who.hex]["charged"] = state if name == "charged" else None
    by_model: dict[str, list[Result]] = {}
    for call in calls.values():
        by_model.setdefault(call["model"], []).append(call)
    return by_model


def _judged(
    client: Client, setting: Setting, results: dict[str, Result], books: dict[str, list[Result]]
) -> list[Cell]:
    cells: list[Cell] = []
    for upstream in UPSTREAMS:
        for feature in FEATURES:
            for position, stream in enumerate(MODES):
                outcome = "unsaid"
                if feature.name not in client.unsaid:
                    case = case_of(feature, f"{upstream.name}/{feature.name}", stream=stream)
                    calls = books.get(case["model"], [])
                    call = calls[position] if position < len(calls) else None
                    seen = setting.observed[upstream.name].seen.get(feature.name, [])
                    wanted = expected_of(feature, thoughts_on_top=client.thoughts_on_top)
                    problems = (
                        missing_in(seen[position], wanted) if position < len(seen) else ["nothing"]
                    )
                    outcome = _outcome(results[case["id"]], feature, upstream, problems, call)
                cells.append(Cell(client.name, upstream.name, feature.name, stream, outcome))
    return cells


def _outcome(
    result: Result,
    feature: Feature,
    upstream: Upstream,
    arrived: list[str],
    call: Result | None,
) -> str:
    if refused := result.get("refused"):
        named = REFUSED.get((upstream.name, feature.name))
        if named and named in str(refused[2]) and call is None:
            return "refused"
        return f"refused: {refused}"
    problems = [*differences(result, feature, upstream), *arrived]
    problems += _charge_problems(call, upstream)
    return "; ".join(problems) or "equal"


def differences(result: Result, feature: Feature, upstream: Upstream) -> list[str]:
    """Name what a client saw otherwise than the upstream meant it."""
    calls = [[call.name, call.arguments] for call in feature.calls]
    expected = {"text": feature.text, "calls": calls, "stop": feature.stop}
    if result["thoughts"] is not None:
        expected["thoughts"] = feature.thoughts
    problems = [
        f"{name}: {result[name]!r} instead of {wanted!r}"
        for name, wanted in expected.items()
        if result[name] != wanted
    ]
    shown, used = result["usage"], upstream.usage
    written = used.get("cache_write", 0) + used.get("cache_write_5m", 0)
    totals = {
        "input": used["input"] + used["cached_input"] + written,
        "cached": used["cached_input"],
        "written": written,
        "output": used["output"] + used.get("reasoning", 0),
        "reasoning": used.get("reasoning", 0),
    }
    problems += [
        f"usage.{name}: {shown[name]} instead of {wanted}"
        for name, wanted in totals.items()
        if shown[name] != wanted and not (shown[name] is None and name not in {"input", "output"})
    ]
    return problems


def _charge_problems(call: Result | None, upstream: Upstream) -> list[str]:
    if call is None or call["charged"] is None:
        return ["not charged"]
    charged = call["charged"]
    problems = [] if call["ends"] == 1 else [f"ended {call['ends']} times"]
    if charged["usage"] != upstream.usage:
        problems.append(f"charged for {charged['usage']} instead of {upstream.usage}")
    if charged["amount"] != upstream.charge:
        problems.append(f"charged {charged['amount']} instead of {upstream.charge}")
    return problems


def table_of(cells: list[Cell]) -> str:
    """Write the matrix in Markdown: clients down, upstreams across, features × modes counted."""
    names = [upstream.name for upstream in UPSTREAMS]
    lines = [
        "| client ▸ upstream | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for client in CLIENTS:
        row = [_counted([c for c in cells if (c.client, c.upstream) == (client.name, name)])
               for name in names]  # fmt: skip
        lines.append(f"| {client.name} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def _counted(cells: list[Cell]) -> str:
    counts = {
        outcome: sum(cell.outcome == outcome for cell in cells)
        for outcome in ("equal", "refused", "unsaid")
    }
    wrong = len(cells) - sum(counts.values())
    parts = [f"{counts['equal']} equal"]
    parts += [f"{counts['refused']} refused"] if counts["refused"] else []
    parts += [f"**{wrong} wrong**"] if wrong else []
    return ", ".join(parts)
