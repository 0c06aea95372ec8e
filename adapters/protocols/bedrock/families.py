"""What a Bedrock model is, told by its id: its vendor's words differ behind the same Converse."""

import re
from typing import Final

from adapters.protocols.anthropic.models import Abilities, abilities_of

_NOVA: Final = re.compile(r"amazon\.nova-")
_NOVA_2: Final = re.compile(r"amazon\.nova-2-")
_GPT_OSS: Final = re.compile(r"openai\.gpt-oss-")
_HEARS: Final = re.compile(r"mistral\.voxtral-|amazon\.nova-2-omni")


def claude(model: str) -> Abilities | None:
    """Tell what a Claude takes; None for what is no Claude, or an ARN that hides it."""
    return abilities_of(model) if "anthropic.claude-" in model else None


def is_nova(model: str) -> bool:
    """Whether it is one of Amazon's Nova models."""
    return _NOVA.search(model) is not None


def is_nova_2(model: str) -> bool:
    """Whether it is a Nova that can think."""
    return _NOVA_2.search(model) is not None


def is_gpt_oss(model: str) -> bool:
    """Whether it is one of OpenAI's open models, which always think."""
    return _GPT_OSS.search(model) is not None


def hears(model: str) -> bool:
    """Whether it is known to take sound."""
    return _HEARS.search(model) is not None


def cache_ttls(model: str) -> frozenset[str]:
    """For how long it can keep a prefix; none where it is not known to keep any."""
    if claude(model) is not None:
        return frozenset({"5m", "1h"})
    return frozenset({"5m"}) if is_nova(model) else frozenset()
