"""Every fact's topic, fields and types, written down: a changed event shows in review.

After a change that is meant: `uv run python -m tests.domain.test_event_schema`, and an upcaster
if the topic was ever released.
"""

import dataclasses
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import domain
from domain.aggregate import Fact, FirstFact, Recorded
from domain.upcasters import UPCASTERS

SCHEMA = Path(__file__).with_name("event_schema.json")
HOW = "uv run python -m tests.domain.test_event_schema"
TOPIC = re.compile(r"[a-z]+(_[a-z]+)*\.([a-z]+_)*[a-z]+(ed|en|wn)\.[1-9][0-9]*")
"""`noun.past_participle.N`; `frozen` and `unknown` are participles too."""

for module in pkgutil.iter_modules(domain.__path__, "domain."):
    importlib.import_module(module.name)


def test_no_event_changes_unseen() -> None:
    written = json.loads(SCHEMA.read_text())

    assert written == schema(), f"an event has changed; if it was meant to: {HOW}"


def test_no_two_facts_share_a_topic() -> None:
    topics = [fact.TOPIC for fact in facts()]

    assert len(set(topics)) == len(topics)


def test_a_topic_is_a_noun_a_past_participle_and_a_number() -> None:
    odd = [fact.TOPIC for fact in facts() if not TOPIC.fullmatch(fact.TOPIC)]

    assert odd == []


def test_a_topic_says_what_its_class_is_called() -> None:
    words = {fact.TOPIC: re.sub(r"(?<!^)(?=[A-Z])", "_", fact.__name__).lower() for fact in facts()}

    assert {topic: topic.split(".")[1] for topic in words} == words


def test_every_fact_has_a_handler_on_its_aggregate() -> None:
    kinds = {kind.TOPIC: kind for kind in kinds_of(Recorded) if kind.TOPIC}

    missing = [
        fact.TOPIC for fact in facts() if not hasattr(kinds[fact.TOPIC.split(".")[0]], fact.handler)
    ]

    assert missing == []


def test_every_handler_has_a_fact() -> None:
    handled = {(fact.TOPIC.split(".")[0], fact.handler) for fact in facts()}

    idle = [
        (kind.TOPIC, name)
        for kind in kinds_of(Recorded)
        for name in dir(kind)
        if kind.TOPIC and name.startswith("when_") and (kind.TOPIC, name) not in handled
    ]

    assert idle == []


def test_no_fact_carries_a_float_or_free_text() -> None:
    fields = [
        (topic, name, kind) for topic, fact in schema().items() for name, kind in fact.items()
    ]

    floats = [field for field in fields if "float" in field[2] or "Decimal" in field[2]]
    words = [field for field in fields if field[1] in {"name", "title", "prompt", "text", "email"}]

    assert floats == []
    assert words == []


def test_every_upcaster_leads_to_a_topic_of_today() -> None:
    today = schema()

    for old, (new, _) in UPCASTERS.items():
        assert old not in today
        assert new in today or new in UPCASTERS


def facts() -> list[type[Fact | FirstFact]]:
    """Every class of fact that has a topic of its own."""
    found = (*kinds_of(Fact), *kinds_of(FirstFact))
    ours = {kind for kind in found if kind.TOPIC and kind.__module__.startswith("domain.")}
    return sorted(ours, key=lambda kind: kind.TOPIC)


def kinds_of(kind: Any) -> Iterator[Any]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds_of(narrower)


def schema() -> dict[str, dict[str, str]]:
    return {fact.TOPIC: {f.name: spelled(f.type) for f in fields_of(fact)} for fact in facts()}


def fields_of(fact: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(fact)


def spelled(kind: Any) -> str:
    return (
        kind.__name__ if type(kind) is type else str(kind).replace("datetime.datetime", "datetime")
    )


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(schema(), indent=2) + "\n")
