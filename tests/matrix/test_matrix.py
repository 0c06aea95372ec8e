"""Any SDK, any provider: the same answer, the same usage, the same charge, or a named refusal."""

from functools import partial
from pathlib import Path

import pytest

from tests.matrix.clients import CLIENTS, command_of
from tests.matrix.features import FEATURES
from tests.matrix.gateway import UPSTREAMS, open_setting
from tests.matrix.run import MODES, REFUSED, Cell, run_matrix, table_of
from tests.sdk.environments import Environments

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory, environments: Environments) -> list[Cell]:
    with open_setting(tmp_path_factory.mktemp("matrix")) as setting:
        return run_matrix(setting, partial(command_of, environments=environments))


def test_every_client_gets_the_same_from_every_upstream(cells: list[Cell]) -> None:
    assert [cell for cell in cells if not cell.passed] == []


def test_no_case_is_left_out(cells: list[Cell]) -> None:
    assert len(cells) == len(CLIENTS) * len(UPSTREAMS) * len(FEATURES) * len(MODES)


def test_only_what_a_protocol_has_no_words_for_is_refused_or_unsaid(cells: list[Cell]) -> None:
    unsaid = {(cell.client, cell.feature) for cell in cells if cell.outcome == "unsaid"}
    refused = {(cell.upstream, cell.feature) for cell in cells if cell.outcome == "refused"}

    assert unsaid == {(client.name, feature) for client in CLIENTS for feature in client.unsaid}
    assert refused == REFUSED.keys()


def test_the_readme_shows_this_table(cells: list[Cell]) -> None:
    assert table_of(cells) in README.read_text(encoding="utf-8")
