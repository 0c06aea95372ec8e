"""A security policy in JSON: what customers may say, and what it does."""

import unicodedata
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from adapters.masking.folded import fold
from api.admin.body import Fields
from api.openapi.model_scope import ModelScopeFields
from domain.catalog import Catalog
from domain.content_rules import RULES_MAX, TERM_MAX, Action, ContentRule
from domain.security_policy import MASKS, RETENTION_DAYS_MAX

RULES: Final = {
    "content_rules": (
        "A term is found in any case, however its letters are composed (also in full width, or "
        "with soft hyphens in it), but only as whole words, with its spaces as they are written. "
        "It is looked for wherever masks are, and a term that blocks in signed thoughts and "
        "cost-centre tags too. 'block' refuses the call with content_blocked before anything is "
        "held for it; 'mask' masks the term."
    ),
    "masks": (
        "Each datum of these kinds is replaced by a placeholder such as [EMAIL_1], the same value "
        "by the same one, before the prompt is sized, held for, sent and kept: in messages and "
        "the names of who speaks, instructions, inputs, thoughts, stop sequences, tool results, "
        "the names and values in the arguments of tools, the descriptions, titles, defaults, "
        "constants, enumerations and examples of tools and formats, user, safety_identifier, "
        "prompt_cache_key, metadata, client_metadata and chat_template_kwargs; a user_id that "
        "holds one is left out. Cards and IBANs count by their check digits and the forms that "
        "issuers and countries have for them, phone numbers by their numbering plans: of any "
        "country in the international form, and North American numbers and Chinese mobiles in "
        "their own; after 500 candidates of one prompt, whatever has the form of a phone number. "
        "Left alone are: codes in metadata that the gateway keeps as cost-centre tags, for the "
        "call is booked under them (they go upstream as they are), models, roles, ids, types, the "
        "names of tools and of their parameters, other settings of tools and formats (patterns, "
        "numbers in schemas, headers, credentials and places), servers and search options, "
        "addresses of media and of sources with their queries, the bytes of media and files, "
        "encrypted contents, signatures, and thoughts that are signed: a thinking block with its "
        "signature, in content of the assistant's, and a reasoning item of an input with "
        "encrypted_content. Nothing else is looked through. A prompt of tokens is refused, and "
        "one of more than 50000 data to mask. "
        "In the answer, text and the arguments of tools get the values back wherever a "
        "placeholder is repeated exactly, in a stream within 64 events, written as in JSON where "
        "the request asked for a format in JSON; blocks and items of thoughts keep the "
        "placeholders."
    ),
    "logging": (
        "Off, nothing of a prompt or an answer is kept. On, the prompt is kept as it went "
        "upstream and the answer as it came, of each at most 1 MiB, and deleted for good after "
        "retention_days; the oldest earlier, if more is kept than the operator allows, 1 GiB "
        "where they say nothing else. When logging is turned off, everything is deleted."
    ),
    "model_scope": "No call is answered by a model outside it, whatever a key may do.",
}

Mask = Literal["api_key", "card", "email", "iban", "phone"]


def _term(term: str) -> str:
    stripped = term.strip()
    if not stripped or any(unicodedata.category(character) == "Cc" for character in stripped):
        message = "must be words, without control characters"
        raise ValueError(message)
    if not fold(stripped):
        message = "must have visible characters"
        raise ValueError(message)
    return stripped


class ContentRuleFields(Fields):
    """A term, what it does, and by which name a refusal tells of it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
    term: Annotated[str, Field(max_length=TERM_MAX), AfterValidator(_term)]
    action: Action


class LoggingFields(Fields):
    """Whether calls' words are kept."""

    enabled: bool


class SecurityFields(Fields):
    """What to change; what is left out stays, and an empty list takes all away."""

    content_rules: Annotated[list[ContentRuleFields], Field(max_length=RULES_MAX)] = Field(
        default_factory=list[ContentRuleFields]
    )
    masks: Annotated[list[Mask], Field(max_length=len(MASKS))] = Field(default_factory=list[Mask])
    logging: LoggingFields = LoggingFields(enabled=False)
    retention_days: Annotated[int, Field(ge=1, le=RETENTION_DAYS_MAX)] = 30
    model_scope: ModelScopeFields = ModelScopeFields(mode="automatic", model_ids=[])

    @field_validator("content_rules")
    @classmethod
    def _once_each(cls, rules: list[ContentRuleFields]) -> list[ContentRuleFields]:
        if len({rule.id for rule in rules}) < len(rules):
            message = "names a rule twice"
            raise ValueError(message)
        return rules

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self

    def rules(self) -> tuple[ContentRule, ...] | None:
        """Give the new content rules; None leaves those there are."""
        if "content_rules" not in self.model_fields_set:
            return None
        return tuple(ContentRule(rule.id, rule.term, rule.action) for rule in self.content_rules)

    def changes(self, catalog: Catalog) -> dict[str, Any]:
        """Give the other fields as the domain has them; raises InvalidFieldError."""
        whole = {
            "masks": ("masks", tuple(sorted(set(self.masks)))),
            "logging": ("logs_content", self.logging.enabled),
            "retention_days": ("retention_days", self.retention_days),
            "model_scope": ("models", self.model_scope.known(catalog.models)),
        }
        return dict(whole[name] for name in whole if name in self.model_fields_set)
