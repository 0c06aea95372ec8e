"""What a worker remembers of policies is bounded, and rules never outlive their id."""

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from adapters.ledger.texts import ErasableTexts
from api import call_policies
from api.call_policies import CallPolicies
from api.content_rules import write_rules
from domain.call_policy import CallPolicy, PolicyChangedError
from domain.content_rules import ContentRule
from domain.ports import Ledger
from domain.security_policy import OPEN, SecurityPolicy


class Texts:
    """Erasable texts in memory; counts how often it is asked."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.asked = 0

    async def get(self, subject_id: UUID, kind: str) -> str | None:
        self.asked += 1
        return self.texts.get(subject_id.hex)


class Readings:
    """A ledger that only counts reads."""

    asked = 0

    async def read(self, decision: Any) -> CallPolicy:
        self.asked += 1
        return CallPolicy(self.asked)


def policies(texts: Texts, readings: Readings | None = None) -> CallPolicies:
    return CallPolicies(cast("Ledger", readings or Readings()), cast("ErasableTexts", texts))


def ruled(rules_id: str) -> SecurityPolicy:
    return SecurityPolicy(rules_id, "hash")


def test_rules_are_read_once_and_those_that_are_gone_call_for_another_look() -> None:
    rules_id = uuid4().hex
    texts = Texts(**{rules_id: write_rules([ContentRule("r", "t", "mask")])})
    known = policies(texts)

    async def scenario() -> None:
        assert not await known.terms_of(OPEN)
        assert await known.terms_of(ruled(rules_id))
        texts.texts.clear()
        assert await known.terms_of(ruled(rules_id))
        assert texts.asked == 1
        with pytest.raises(PolicyChangedError):
            await known.terms_of(ruled(uuid4().hex))

    asyncio.run(scenario())


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_policies, "TERMS_MAX", 2)
    monkeypatch.setattr(call_policies, "KNOWN_MAX", 2)
    ids = [uuid4() for _ in range(3)]
    texts = Texts(**{one.hex: "[]" for one in ids})
    readings = Readings()
    known = policies(texts, readings)

    async def scenario() -> None:
        for one in (*ids, ids[0], ids[2]):
            await known.terms_of(ruled(one.hex))
            await known.of(one)

    asyncio.run(scenario())
    assert (texts.asked, readings.asked) == (4, 4)
