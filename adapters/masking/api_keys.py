"""Keys of APIs, as their issuers mark them, tokens of sessions, and private keys."""

import re
from collections.abc import Iterator
from typing import Final

from adapters.masking.span import START, Span, scan

KIND: Final = "api_key"
_LONGEST: Final = 20_000
_MARKED: Final = (
    r"sk-[\w-]{20,250}",  # OpenAI, Anthropic, DashScope, DeepSeek, and who follows them
    r"tb_[\w-]{30,60}",  # ours
    r"gsk_[A-Za-z0-9]{40,60}",
    r"hf_[A-Za-z0-9]{30,60}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"AIza[\w-]{35}",
    r"ya29\.[\w-]{20,300}",
    r"gh[opusr]_[A-Za-z0-9]{36,255}",
    r"github_pat_\w{22,255}",
    r"glpat-[\w-]{20,64}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,250}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,250}",
    r"whsec_[A-Za-z0-9+/=]{24,100}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[\w-]{50,250}",
    r"SG\.[\w-]{16,32}\.[\w-]{16,64}",
    r"eyJ[\w-]{8,8000}\.eyJ[\w-]{8,8000}\.[\w-]{8,2000}",
)
_TOKEN: Final = re.compile(START + "(?:" + "|".join(re.sub(r"\}", "}+", m) for m in _MARKED) + ")")
_BEGIN: Final = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_END: Final = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY-----")


def find(text: str) -> Iterator[Span]:
    """Give every token that is marked as a secret, and every private key as a whole."""
    for token in scan(_TOKEN, text, _LONGEST):
        yield Span(*token.span(), KIND)
    begin = _BEGIN.search(text)
    while begin is not None:
        # One that is cut off is secret to the end of the text.
        end = _END.search(text, begin.end())
        last = end.end() if end else len(text)
        yield Span(begin.start(), last, KIND)
        begin = _BEGIN.search(text, last)
