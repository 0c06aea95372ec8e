"""One gateway process for the folder, as it comes without a configuration."""

from collections.abc import Iterator

import pytest

from tests.gateway_process import GatewayProcess


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("reference")) as opened:
        yield opened
