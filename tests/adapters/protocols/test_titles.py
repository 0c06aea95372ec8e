"""A document's title goes along, in words where the protocol has no place for it."""

import pytest

from adapters.protocols.canonical.blocks import Document, ToolResult, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.dashscope.from_conversation import from_conversation
from adapters.protocols.gemini.from_conversation import write_request
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import DATA, asking

LETTER = Document("text/plain", text="Dear Ada", title="Letter")
CONTRACT = Document("application/pdf", DATA, title="Contract.pdf")


def test_gemini_hears_it_before_the_file() -> None:
    [content] = write_request(asking(CONTRACT, LETTER), "gemini-3-flash", output_cap=9)["contents"]

    assert content["parts"] == [
        {"text": "Contract.pdf"},
        {"inlineData": {"mimeType": "application/pdf", "data": DATA}},
        {"text": "Letter\n\nDear Ada"},
    ]


def test_a_title_in_a_tools_result_is_refused_where_gemini_has_no_place() -> None:
    turns = (
        *asking().turns,
        Turn("assistant", (ToolUse("c", "f", "{}"),)),
        Turn("user", (ToolResult("c", (CONTRACT,)),)),
    )
    with pytest.raises(UnsupportedParameterError) as refused:
        write_request(Conversation(turns), "gemini-3-flash", output_cap=9)

    assert refused.value.param == "document"


def test_a_text_in_a_tools_result_is_told_as_text_to_gemini() -> None:
    turns = (
        *asking().turns,
        Turn("assistant", (ToolUse("c", "f", "{}"),)),
        Turn("user", (ToolResult("c", (LETTER,)),)),
    )
    body = write_request(Conversation(turns), "gemini-3-flash", output_cap=9)

    result = {"id": "c", "name": "f", "response": {"output": "Letter\n\nDear Ada"}}
    assert body["contents"][-1]["parts"] == [{"functionResponse": result}]


def test_dashscope_hears_it_before_the_text() -> None:
    body = from_conversation(asking(LETTER), "qwen-plus", output_cap=9, stream=False)

    assert body["input"]["messages"] == [{"role": "user", "content": "Letter\n\nDear Ada"}]
