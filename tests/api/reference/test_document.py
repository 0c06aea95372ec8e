"""The reference: whole, named well, and true to itself."""

import re

import pytest

from api.app import build_app
from api.catalog.file import default_catalog
from api.inference.surfaces import SURFACES
from api.reference.operations import Operation, operations
from api.reference.parts import TAGS
from api.settings import Settings
from domain.money import parse_amount
from tests.api.documented import JSON, Described, described, documents

MACHINERY = {"/healthz", "/readyz", "/metrics", "/webhooks/stripe"}
"""Asked by an operator's own machines and by Stripe, each in its own words."""
MANAGED = [one for one in described() if one.path.startswith(("/openapi/", "/admin/"))]
ROUTED = [*operations(build_app(Settings.load({}), default_catalog(), "unused")._app.routes)]
TAKING = [one for one in ROUTED if one.body is not None]
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def test_every_route_is_in_it_and_nothing_else() -> None:
    routed = {one.key for one in ROUTED if one.path not in MACHINERY}
    hot = {f"POST {path}" for path in SURFACES}

    assert {str(one) for one in described()} == routed | hot


@pytest.mark.parametrize("operation", MANAGED, ids=str)
def test_each_says_what_it_answers_with(operation: Described) -> None:
    good = [status for status in operation.fields["responses"] if status.startswith("2")]

    assert good, "undocumented: give its route `documented(...)`"
    assert operation.fields["summary"].endswith(".")
    assert operation.fields["tags"][0] in TAGS


@pytest.mark.parametrize("document", documents(), ids=["customers", "operators"])
def test_names_are_unique_and_fit_for_a_client(document: dict) -> None:
    names = [one.fields["operationId"] for one in described() if one.document is document]

    assert [name for name in names if not NAME.fullmatch(name)] == []
    assert sorted(set(names)) == sorted(names)
    assert [name for name in document["components"]["schemas"] if "_" in name] == []


@pytest.mark.parametrize("operation", MANAGED, ids=str)
def test_every_example_is_what_its_schema_allows(operation: Described) -> None:
    for status in operation.fields["responses"]:
        told = operation.answer(int(status))
        assert told is not None
        content = told["content"].get(JSON, {})
        if "example" in content:
            assert operation.faults(content["schema"], content["example"]) == []


@pytest.mark.parametrize("operation", TAKING, ids=lambda one: one.key)
def test_the_example_of_a_body_is_one_that_the_parser_takes(operation: Operation) -> None:
    (told,) = [one for one in described() if str(one) == operation.key]
    content = told.fields["requestBody"]["content"][JSON]

    assert operation.body is not None
    operation.body.model_validate(content["example"])
    assert told.faults(content["schema"], content["example"]) == []
    assert told.faults(content["schema"], {**content["example"], "no_such_field": 1}) != []


def test_an_amount_is_a_string_and_never_a_number() -> None:
    (check,) = [one for one in described() if one.fields["operationId"] == "check_balance"]
    schema = check.fields["requestBody"]["content"][JSON]["schema"]

    assert check.faults(schema, {"amount": "1.5"}) == []
    assert check.faults(schema, {"amount": 1.5}) != []
    assert check.faults(schema, {"amount": "1e5"}) != []
    with pytest.raises(ValueError, match="decimal"):
        parse_amount("1e5")
