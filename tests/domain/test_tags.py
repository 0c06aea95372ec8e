import pytest

from domain.errors import InvalidRequestError
from domain.tags import parse_tag_name, tags_of


def test_only_named_entries_of_a_calls_metadata_become_tags() -> None:
    metadata = {"cost_center": "R+D".replace("+", "-"), "note": "anything at all, really"}

    assert tags_of(metadata, ("cost_center", "team")) == {"cost_center": "R-D"}


@pytest.mark.parametrize("metadata", [None, {}])
def test_a_call_without_metadata_has_no_tags(metadata: dict[str, str] | None) -> None:
    assert tags_of(metadata, ("cost_center",)) == {}


@pytest.mark.parametrize("value", ["", "free text", "x" * 65, "=1+1", "-a", "a\n", "ä"])
def test_a_tag_that_is_no_short_code_is_refused_by_name(value: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        tags_of({"cost_center": value}, ("cost_center",))

    assert refused.value.param == "metadata.cost_center"


@pytest.mark.parametrize("name", ["", "Cost", "1a", "a b", "x" * 33])
def test_a_tag_name_is_a_short_lower_case_word(name: str) -> None:
    with pytest.raises(ValueError, match="tag name"):
        parse_tag_name(name)
