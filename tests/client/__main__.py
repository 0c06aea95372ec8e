"""A client is generated from each document and used: `scripts/judges` makes its environment.

The generator is a stranger's and is kept; it asks for an older library than ours and so has an
environment of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.gateway_process import ADMIN_TOKEN, HTTP, GatewayProcess

HERE = Path(__file__).parent
GENERATED = {"tollbook_customer": "/openapi.json", "tollbook_operator": "/admin/openapi.json"}
"""The packages, and the documents that they are generated from."""


def main(environment: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tollbook-client-") as name:
        folder = Path(name)
        with GatewayProcess(folder / "gateway") as gateway:
            for package, path in GENERATED.items():
                generate(environment, gateway.url + path, folder, package)
            use(environment, gateway, folder)


def generate(environment: Path, url: str, folder: Path, package: str) -> None:
    document = HTTP.get(url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
    source = folder / f"{package}.json"
    source.write_bytes(document.content)
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"post_hooks": []}))
    command = [
        str(environment / "bin/openapi-python-client"), "generate", "--path", str(source),
        "--config", str(settings), "--output-path", str(folder / package), "--meta", "none",
        "--fail-on-warning",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{package} was not generated:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    print(f"ok  {package}: generated without a warning", flush=True)  # noqa: T201  # its answer


def use(environment: Path, gateway: GatewayProcess, folder: Path) -> None:
    told = {
        "CLIENT_URL": gateway.url,
        "CLIENT_KEY": gateway.customer("5.00").api_key,
        "CLIENT_TOKEN": ADMIN_TOKEN,
        "PYTHONPATH": str(folder),
    }
    python = str(environment / "bin/python")
    subprocess.run([python, str(HERE / "calls.py")], env={**os.environ, **told}, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
