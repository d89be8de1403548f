"""The wheel as a user gets it: built once, installed into environments that know no checkout.

`make install-test` runs these; a bare `pytest` leaves them out, because they need a package index
and minutes.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "constraints.txt"
OURS = ("aiops", "chaos", "dashboards", "detectors", "rca")
STRIPPED = ("AIOPS_", "COV_", "COVERAGE_", "PYTHON")  # what would reach in from outside
ORIGINS = "import sys, importlib as i; [print(i.import_module(n).__file__) for n in sys.argv[1:]]"
VERSIONS = (
    "from importlib.metadata import distributions as all\n"
    "for one in all(): print(one.name, one.version, sep='==')"
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment without pip, in a folder of its own."""

    folder: Path

    def run(self, program, *arguments) -> str:
        """Run one of its programs from its folder; return what it printed, or fail with it."""
        done = _run(self.folder / "bin" / program, *arguments, cwd=self.folder)
        assert done.returncode == 0, f"{program} {arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def origins(self, *packages) -> list[Path]:
        """Import all `packages` in one process; return the files they came from."""
        return [Path(line) for line in self.run("python", "-c", ORIGINS, *packages).splitlines()]

    def versions(self) -> set[str]:
        """Return every installed distribution as name==version."""
        return set(self.run("python", "-c", VERSIONS).split())

    def size(self) -> int:
        """Return the bytes of all its files."""
        return sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file())


@contextmanager
def environment(*options: str) -> Iterator[Environment]:
    """Yield a fresh environment in which `pip install` was given `options`."""
    with TemporaryDirectory(prefix="aiops-install-") as name:
        folder = Path(name)
        venv.EnvBuilder(symlinks=True).create(folder)
        _pip("--python", str(folder / "bin" / "python"), "install", "-c", str(LOCK), *options)
        yield Environment(folder)


@pytest.fixture(scope="session")
def wheel() -> Iterator[Path]:
    with TemporaryDirectory(prefix="aiops-wheel-") as name:
        _pip("wheel", "--no-deps", "--build-constraint", str(LOCK), "--wheel-dir", name, str(ROOT))
        (built,) = Path(name).glob("*.whl")
        yield built


def _pip(*arguments: str) -> None:
    done = _run(sys.executable, "-m", "pip", "--quiet", *arguments, cwd=Path(sys.prefix))
    assert done.returncode == 0, f"pip {arguments}\n{done.stdout}\n{done.stderr}"


def _run(*command, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(STRIPPED)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
