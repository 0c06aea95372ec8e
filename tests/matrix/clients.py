"""The rows of the matrix: SDKs, each in an environment of its own."""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.matrix.features import (
    CALL_ID,
    CAPITAL,
    PARIS,
    PNG,
    RESULT,
    STOP_WORD,
    SYSTEM,
    TOOL_NAME,
    WEATHER,
    Feature,
)
from tests.sdk.environments import (
    ANTHROPIC_0,
    DASHSCOPE_1,
    LANGCHAIN,
    NODE_FOLDER,
    OPENAI_1,
    OPENAI_NODE,
    Environments,
)

SCRIPTS = Path(__file__).with_name("clients")


@dataclass(frozen=True)
class Client:
    """One SDK on one surface."""

    name: str
    script: str
    packages: tuple[str, ...] = ()
    """What its own environment is made of; without any it runs in that of these tests."""
    unsaid: dict[str, str] = field(default_factory=dict)
    """Features that its protocol or the SDK has no words for, and why."""
    thoughts_on_top: bool = False
    """Whether its protocol allows tokens for thoughts besides those for the answer."""


NO_STOP = {"stop": "Responses has no stop sequences"}
NO_IMAGE = {"image": "the text-generation endpoint takes no images"}
CLIENTS = (
    Client("openai chat", "openai_chat.py"),
    Client("openai 1.12 chat", "openai_chat.py", OPENAI_1),
    Client("openai responses", "openai_responses.py", unsaid=NO_STOP),
    Client("openai Node", "openai_node.mjs", OPENAI_NODE),
    Client("langchain-openai", "langchain_chat.py", LANGCHAIN),
    Client("anthropic", "anthropic_messages.py"),
    Client("anthropic 0.x", "anthropic_messages.py", ANTHROPIC_0),
    Client(
        "dashscope 2 Generation", "dashscope_generation.py", unsaid=NO_IMAGE, thoughts_on_top=True
    ),
    Client("dashscope 2 Client", "dashscope_client.py", thoughts_on_top=True),
    Client("dashscope 1.25", "dashscope_generation.py", DASHSCOPE_1, NO_IMAGE, True),
)


def case_of(feature: Feature, model: str, *, stream: bool) -> dict[str, Any]:
    """Write one case for a client's script."""
    earlier = {"id": CALL_ID, "name": TOOL_NAME, "arguments": PARIS.arguments, "text": RESULT}
    return {
        "id": f"{model}:{'stream' if stream else 'json'}",
        "model": model,
        "stream": stream,
        "asks": feature.asks,
        "system": SYSTEM if feature.system else None,
        "image": PNG if feature.image else None,
        "tool": {"name": TOOL_NAME, "schema": WEATHER} if feature.tools else None,
        "result": earlier if feature.result else None,
        "schema": CAPITAL if feature.schema else None,
        "stop": STOP_WORD if feature.stop_word else None,
        "max_tokens": feature.max_tokens,
        "thinking": feature.thinking,
    }


def command_of(client: Client, environments: Environments) -> list[str]:
    """Make a client's environment if need be, and say how its script runs there."""
    script = SCRIPTS / client.script
    if client.packages == OPENAI_NODE:
        # Node finds packages from where a script stands.
        inside = environments.node(*client.packages) / client.script
        shutil.copyfile(script, inside)
        return [str(NODE_FOLDER / "node"), str(inside)]
    python = environments.python(*client.packages) if client.packages else sys.executable
    return [python, "-W", "ignore", str(script)]
