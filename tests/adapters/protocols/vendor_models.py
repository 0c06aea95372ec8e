"""What the vendors' own libraries say of bodies that we send to Gemini and to Bedrock."""

import base64
import re
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator
from google.genai import types

Json = dict[str, Any]


def assert_gemini_takes(body: Json) -> None:
    """Every part of it is one that google-genai knows, spelt as it spells it."""
    known: Json = {"serviceTier": None}
    for content in [*body["contents"], *filter(None, [body.get("systemInstruction")])]:
        types.Content.model_validate(content)
    types.GenerationConfig.model_validate(body["generationConfig"])
    for tool in body.get("tools", []):
        types.Tool.model_validate(tool)
    if "toolConfig" in body:
        types.ToolConfig.model_validate(body["toolConfig"])
    if "serviceTier" in body:
        assert body["serviceTier"] in {tier.value for tier in types.ServiceTier}
    known |= dict.fromkeys(("contents", "systemInstruction", "generationConfig"))
    known |= dict.fromkeys(("tools", "toolConfig"))
    assert body.keys() <= known.keys()
    roles = [content["role"] for content in body["contents"]]
    assert roles == ["user", "model"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
    assert all(content["parts"] for content in body["contents"])


def assert_converse_takes(body: Json, model: str = "anthropic.claude-sonnet-4-5") -> None:
    """Every member is one that botocore knows, of the type, length and pattern that it tells."""
    shape = converse().input_shape
    assert shape is not None
    params = {"modelId": model, **_with_bytes(body)}
    report = ParamValidator().validate(params, shape)
    assert not report.has_errors(), report.generate_report()
    _check(shape, params, "")
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
    for message in body["messages"]:
        assert all(block["text"].strip() for block in message["content"] if "text" in block)


@cache
def converse() -> OperationModel:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    return service.operation_model("Converse")


# Read once here: it takes longer than any test may.
converse()


def _with_bytes(value: Any) -> Any:
    """What is base64 on the wire is bytes to botocore."""
    if isinstance(value, dict):
        return {
            name: base64.b64decode(inner, validate=True)
            if name in {"bytes", "redactedContent"}
            else _with_bytes(inner)
            for name, inner in value.items()
        }
    return [_with_bytes(inner) for inner in value] if isinstance(value, list) else value


def _check(shape: Shape, value: Any, path: str) -> None:
    """Check what botocore leaves to the service."""
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        assert not shape.is_tagged_union or len(value) == 1, path
        for name, inner in value.items():
            assert name in shape.members, f"{path}.{name}"
            _check(shape.members[name], inner, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for index, inner in enumerate(value):
            _check(shape.member, inner, f"{path}[{index}]")
    elif isinstance(value, str):
        pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
        assert pattern is None or re.fullmatch(pattern, value), f"{path}: {value!r}"
        assert not allowed or value in allowed, f"{path}: {value!r}"
        assert len(value) <= shape.metadata.get("max", len(value)), path
