"""Pictures, sounds and files as Converse takes them: bytes, under neutral names."""

import base64
from typing import Any

import pytest

from adapters.protocols.bedrock.from_conversation import write_request
from adapters.protocols.canonical.blocks import Audio, Document, Image, Text
from adapters.protocols.canonical.conversation import Conversation
from domain.errors import UnsupportedParameterError
from tests.adapters.protocols.some_conversations import DATA, asking
from tests.adapters.protocols.vendor_models import Json, assert_converse_takes

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def written(conversation: Conversation, model: str = CLAUDE) -> Json:
    body = write_request(conversation, model, output_cap=100)
    assert_converse_takes(body)
    return body


def content_of(*blocks: Any, model: str = CLAUDE) -> Any:
    return written(asking(*blocks), model)["messages"][0]["content"]


def refused(conversation: Conversation) -> str | None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        write_request(conversation, CLAUDE, output_cap=100)
    return refusal.value.param


def test_pictures_and_files_are_sent_as_bytes() -> None:
    content = content_of(
        Text("Read:"),
        Image("image/webp", DATA),
        Document("application/pdf", DATA, title="Q3: “results”\n(final).pdf"),
        Document(text="plain ☃"),
        Document("text/csv", DATA),
    )
    plain = base64.b64encode("plain ☃".encode()).decode()

    assert content[1:] == [
        {"image": {"format": "webp", "source": {"bytes": DATA}}},
        {
            "document": {
                "format": "pdf",
                "name": "Q3 results (final) pdf",
                "source": {"bytes": DATA},
            }
        },
        {"document": {"format": "txt", "name": "document", "source": {"bytes": plain}}},
        {"document": {"format": "csv", "name": "document 2", "source": {"bytes": DATA}}},
    ]


def test_sound_goes_to_models_that_hear() -> None:
    sound = asking(Audio("wav", DATA))
    body = written(sound, "mistral.voxtral-small-24b-2507")
    audio = {"format": "wav", "source": {"bytes": DATA}}
    assert body["messages"][0]["content"] == [{"audio": audio}]
    assert refused(sound) == "audio"


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (Image(url="https://example.com/a.png"), "image"),
        (Image("image/tiff", DATA), "image"),
        (Document(url="https://example.com/a.pdf"), "document"),
        (Document("application/zip", DATA), "document"),
    ],
)
def test_what_converse_cannot_show_is_refused_by_its_kind(block: Any, name: str) -> None:
    assert refused(asking(Text("Look:"), block)) == name


def test_a_file_alone_is_refused_because_it_needs_a_text() -> None:
    assert refused(asking(Document("application/pdf", DATA))) == "document"
