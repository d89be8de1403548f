"""The whole loop on a real shop, measured by a real Prometheus.

``examples/shop/up.py`` follows the pods and runs the Prometheus, as it does for whoever tries the
shop; both end with this test.
"""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.place import IMAGE, context, kubeconfig, on_a_cluster

ROOT = Path(__file__).parents[2]
READY_S, STOP_S, AGAIN_S = 240.0, 30.0, 2.0
MEASURED = 7  # the six services, and their users
STAGES = ["inject", "detect", "incident", "rank", "guide", "revert", "score"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    on_a_cluster,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="NO PROMETHEUS: the loop was not proved on a real cluster; install prometheus",
    ),
]


@contextmanager
def scraped(shop, folder):
    """Scrape the shop for the length of the block; what comes is the address of Prometheus."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    command = [
        sys.executable, "examples/shop/up.py", "kubernetes", "--context", context(),
        "--kubeconfig", str(kubeconfig()), "--namespace", shop, "--image", IMAGE,
        "--prometheus", str(port), "--out", str(folder),
    ]  # fmt: skip
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_measured(f"http://127.0.0.1:{port}", up, folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(STOP_S)
        except subprocess.TimeoutExpired:
            up.kill()
            up.wait()
            raise


def wait_measured(url, up, folder):
    """Wait until every service has a rate of requests, which takes a few scrapes."""
    deadline, services = time.monotonic() + READY_S, 0
    while services < MEASURED:
        log = (folder / "up.log").read_text(errors="replace")
        assert up.poll() is None, f"up.py ended with {up.returncode}:\n{log}"
        assert time.monotonic() < deadline, f"{services} services are measured:\n{log}"
        time.sleep(AGAIN_S)
        services = measured(url)


def measured(url):
    """Return how many services answer requests, as Prometheus knows it."""
    rates = " or ".join(
        f"sum by (service) (rate({name}[15s])) > 0"
        for name in ("shop_requests_total", "shop_user_requests_total")
    )
    try:
        asked = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': rates})}"
        with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310  our own Prometheus
            return len(json.load(answer)["data"]["result"])
    except (urllib.error.URLError, ConnectionError, TimeoutError):  # it is on its way up
        return 0


def test_the_loop_holds_on_a_real_shop(shop, tmp_path):
    with scraped(shop, tmp_path / "prometheus") as url:
        done = subprocess.run(
            [
                sys.executable, "-c", "from aiops.cli.main import run; run()",
                "prove", "--backend", "k8s", "--context", context(),
                "--kubeconfig", str(kubeconfig()), "--namespace", shop,
                "--prometheus", url, "--queries", "examples/shop/queries.toml",
                "--out", str(tmp_path / "out"), "--json",
            ],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    proof = json.loads(done.stdout)
    assert (proof["ok"], proof["backend"]) == (True, "k8s"), said
    assert [name for name, stage in proof["stages"].items() if not stage["ok"]] == [], said
    assert list(proof["stages"]) == STAGES
    assert len(list((tmp_path / "out" / "cases").glob("*/*/case.json"))) == 2
