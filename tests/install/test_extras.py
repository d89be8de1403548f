"""Every extra, alone in an environment of its own: it brings what it promises."""

import re
import tomllib

import pytest

from tests.install.conftest import LOCK, OURS, ROOT, environment

pytestmark = pytest.mark.timeout(900)
PROMISED = {
    "neural": ("torch",),
    "daemon": ("httpx", "prometheus_client", "starlette", "structlog", "uvicorn"),
    "prometheus": ("cramjam", "httpx", "orjson", "prometheus_api_client"),
    "kubernetes": ("kubernetes",),
    "dashboard": ("streamlit",),
    "aws": ("boto3",),
    "ray": ("ray",),
    "postgres": ("psycopg",),
}
CUDA = ("cuda-", "nvidia-", "triton")  # come with torch where an index has no CPU build of it


def install(wheel, extra):
    # pip's own compiling takes half the time; only what is imported here is worth it
    return environment("--no-compile", f"{wheel}[{extra}]")


def pinned(version):
    name, _, number = version.partition("==")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={number.split('+')[0]}"


def test_every_extra_is_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(PROMISED) | {"all"} == set(project["optional-dependencies"])


@pytest.mark.parametrize("extra", PROMISED)
def test_brings_what_it_promises(wheel, extra):
    with install(wheel, extra) as fresh:
        assert all(
            origin.is_relative_to(fresh.folder) for origin in fresh.origins(*OURS, *PROMISED[extra])
        )


def test_all_of_them_live_together_and_are_locked(wheel):
    every = {package for packages in PROMISED.values() for package in packages}
    locked = {pinned(line) for line in LOCK.read_text().split() if "==" in line}
    with install(wheel, "all") as fresh:
        fresh.origins(*OURS, *sorted(every))
        loose = {pinned(one) for one in fresh.versions()} - locked
    assert {one for one in loose if not one.startswith(("aiops-toolkit", *CUDA))} == set()
