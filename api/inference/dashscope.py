"""DashScope's own generation endpoints: one for text, one for content in parts."""

from typing import Final

from adapters.protocols.dashscope.request import decode_multimodal, decode_text
from api.inference.dashscope_errors import DASHSCOPE_ERRORS
from api.inference.surface import Surface
from domain.catalog import CHAT

TEXT: Final = Surface("dashscope", frozenset({CHAT}), decode_text, DASHSCOPE_ERRORS)
PARTS: Final = Surface("dashscope.parts", frozenset({CHAT}), decode_multimodal, DASHSCOPE_ERRORS)
