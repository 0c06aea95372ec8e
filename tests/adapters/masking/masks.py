"""A prompt with one datum of each kind, masked; and what is to be seen of it."""

from typing import Any

import orjson

from adapters.masking.placeholders import Placeholders
from adapters.masking.prompt import mask_prompt
from adapters.masking.terms import Terms
from domain.content_rules import Action, ContentRule
from domain.security_policy import MASKS

MAIL = "ada@example.com"
CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"
PHONE = "+49 30 901820"
KEY = "sk-" + "a1B2c3D4" * 4


def rule(term: str, action: Action = "mask", rule_id: str = "r") -> ContentRule:
    return ContentRule(rule_id, term, action)


def masked(
    body: Any, *rules: ContentRule, kinds: tuple[str, ...] = MASKS, tags: tuple[str, ...] = ()
) -> Any:
    """The body as it goes upstream."""
    return orjson.loads(mask_prompt(orjson.dumps(body), kinds, Terms(rules), tags).body)


def said(text: str, *rules: ContentRule, kinds: tuple[str, ...] = MASKS) -> str:
    """What becomes of a text in a prompt."""
    found: str = masked({"prompt": text}, *rules, kinds=kinds)["prompt"]
    return found


def placeholders(**values: str) -> Placeholders:
    """Those of a prompt that held these values, by kind."""
    made = Placeholders()
    for kind, value in values.items():
        made.of(kind, value)
    return made
