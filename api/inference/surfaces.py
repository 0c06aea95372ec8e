"""Every inference surface by its path."""

from collections.abc import Mapping
from typing import Final

from api.inference import chat
from api.inference.surface import Surface

SURFACES: Final[Mapping[str, Surface]] = {
    "/v1/chat/completions": chat.V1,
    "/openai/v1/chat/completions": chat.OPENAI_V1,
}
