"""Functions and forms of answers in chat's words, which DashScope speaks, too."""

from typing import Any

from adapters.protocols.canonical.conversation import Format, Tool


def write_tool(tool: Tool) -> dict[str, Any]:
    """Write a function that may be called."""
    assert not tool.custom, "custom tools have become functions before"
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def write_format(wanted: Format) -> dict[str, Any]:
    """Write what the answer's text must be."""
    if wanted.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if wanted.description:
        schema["description"] = wanted.description
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": schema}
