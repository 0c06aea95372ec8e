"""How a Claude may be told to sample, at Anthropic and elsewhere."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.protocols.anthropic.models import Abilities
from adapters.protocols.canonical.conversation import Conversation

DEFAULTS: Final = {"temperature": 1, "top_p": 1, "top_k": 0}


def is_fixed(abilities: Abilities, thinking: Mapping[str, Any]) -> bool:
    """Tell whether it takes the defaults only: always with newer models, else while it thinks."""
    kind = thinking.get("thinking", {}).get("type", "disabled")
    return not abilities.sampling or kind != "disabled"


def check_defaults(conversation: Conversation) -> None:
    """Refuse by name what differs from the defaults; saying one says nothing."""
    for name, default in DEFAULTS.items():
        if conversation.options.get(name) not in {default, None}:
            conversation.refuse(name, "is fixed with this model, or while it thinks")
