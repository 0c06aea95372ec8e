"""The converting lane refuses what no protocol could carry out, whichever it speaks."""

import json
from typing import Any, cast

import pytest

from adapters.protocols.openai_responses.request import decode_request
from adapters.upstreams.converting import ConvertingLane, UpstreamCodec
from domain.catalog import Route
from domain.errors import UnsupportedParameterError


class NeverAsked:
    """A codec that takes whatever it is given."""

    def encode(self, *_: object, **__: object) -> dict[str, Any]:
        """Write nothing."""
        return {}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": "a", "tool_choice": "required"}, "tool_choice"),
        ({"input": "a", "tool_choice": {"type": "function", "name": "f"}}, "tool_choice"),
    ],
)
def test_a_request_that_asks_nothing_possible_reaches_no_codec(
    fields: dict[str, Any], param: str
) -> None:
    request = decode_request(json.dumps({"model": "m", **fields}).encode())
    lane = ConvertingLane(cast("UpstreamCodec", NeverAsked()))

    with pytest.raises(UnsupportedParameterError) as refused:
        lane.check(request, Route("p", "m"), 10)

    assert refused.value.param == param
