"""Run beside the vendor's SDK, old or new: make the calls that come in, print what came of them.

Arguments: base URL, key. Each case is the options of one call, and where to make it.
"""

import json
import sys
from typing import Any

import dashscope

URL, KEY = sys.argv[1:]
dashscope.base_http_api_url = URL + "/api/v1"


def seen(response: Any) -> dict[str, Any]:
    """What a caller gets to see, in plain JSON."""
    return {
        "status": int(response.status_code),
        "code": response.code,
        "message": response.message,
        "request_id": response.request_id,
        "output": response.output,
        "usage": response.usage,
    }


def made(case: dict[str, Any]) -> list[dict[str, Any]]:
    options = {"api_key": KEY, **case}
    calls = (
        dashscope.MultiModalConversation if options.pop("parts", False) else dashscope.Generation
    )
    response = calls.call(**options)
    responses = response if options.get("stream") else [response]
    return [json.loads(json.dumps(seen(one))) for one in responses]


results = [made(case) for case in json.load(sys.stdin)]
sys.stdout.write(json.dumps({"version": dashscope.version.__version__, "results": results}))
