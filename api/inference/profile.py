"""What differs between the surfaces that speak chat completions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """A surface's name in the ledger, and the JoyToken contract where it applies."""

    surface: str
    joytoken: bool
    """Metadata in the body and the stream, and the error's `type` is its code."""


V1 = Profile("chat", joytoken=False)
OPENAI_V1 = Profile("chat.joytoken", joytoken=True)
