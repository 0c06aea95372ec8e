"""Masking keeps no one waiting: what may take long is done in threads of its own."""

import asyncio
import threading
from typing import Any

import orjson
import pytest

from adapters.masking.prompt import mask_prompt
from adapters.masking.terms import Terms
from api.inference import masking
from api.inference.masking import mask
from api.inference.preparing import prepare
from domain.call_policy import CallPolicy
from domain.content_rules import ContentRule
from domain.security_policy import SecurityPolicy

NO_TERMS = Terms(())
FALCON = Terms([ContentRule("r", "falcon", "block")])


def thread_of(size: int, security: SecurityPolicy, terms: Terms, patch: pytest.MonkeyPatch) -> str:
    """In which thread a prompt of so many bytes is masked."""
    names: list[str] = []

    def spy(*given: Any) -> Any:
        names.append(threading.current_thread().name)
        return mask_prompt(*given)

    patch.setattr(masking, "mask_prompt", spy)
    empty = len(orjson.dumps({"prompt": ""}))
    raw = orjson.dumps({"prompt": "x" * (size - empty)})
    asyncio.run(mask(raw, security, terms))
    return names[0]


@pytest.mark.parametrize(
    ("masks", "terms", "size", "is_apart"),
    [
        (("phone",), NO_TERMS, 512, False),
        (("phone",), NO_TERMS, 513, True),
        (("email",), NO_TERMS, 4096, False),
        (("email",), NO_TERMS, 4097, True),
        ((), FALCON, 512, False),
        ((), FALCON, 513, True),
    ],
)
def test_a_prompt_that_may_take_long_is_masked_in_a_thread_of_masking(
    masks: Any, terms: Terms, size: int, is_apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = thread_of(size, SecurityPolicy(masks=masks), terms, monkeypatch)

    assert name.startswith("masking") is is_apart


def test_an_answer_in_json_is_restored_as_json() -> None:
    term = 'a "b"'
    terms = Terms([ContentRule("r", term, "mask")])
    body = {"prompt": f"x {term}", "response_format": {"type": "json_object"}}
    answer = orjson.dumps({"choices": [{"message": {"content": '["[TERM_1]"]'}}]})

    prepared = asyncio.run(prepare(orjson.dumps(body), CallPolicy(), terms))

    assert prepared.restorer is not None
    found = orjson.loads(prepared.restorer.whole(answer))["choices"][0]["message"]["content"]
    assert orjson.loads(found) == [term]


def test_a_tag_is_left_to_the_books() -> None:
    terms = Terms([ContentRule("r", "falcon", "mask")])
    body = {"metadata": {"team": "falcon", "note": "falcon"}}

    prepared = asyncio.run(prepare(orjson.dumps(body), CallPolicy(), terms, ("team",)))

    assert orjson.loads(prepared.body)["metadata"] == {"team": "falcon", "note": "[TERM_1]"}
