"""The demo system: its processes on loopback, its manifests, and a real Prometheus that reads it."""

import json
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from itertools import takewhile
from pathlib import Path

import pytest
import yaml

SHOP = Path(__file__).parents[2] / "examples" / "shop"
sys.path.insert(0, str(SHOP))  # the example is programs in a folder, not a package

import cluster  # noqa: E402
import discovery  # noqa: E402
import graph  # noqa: E402
import load  # noqa: E402
import processes  # noqa: E402
import scraping  # noqa: E402

LINE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z_]+="[^"]*",?)*)\})? (?P<value>\S+)')
PRICED, PLAIN = 1, 4
"""An item that needs the price list, and one that does not."""
QUIET = 0.001
"""Users per second: none arrives during a test."""


def series(page):
    """Parse a page of Prometheus text: (name, labels) → value; every line has to be one."""
    lines = [line for line in page.splitlines() if not line.startswith("# ")]
    found = {}
    for line in lines:
        match = LINE.fullmatch(line)
        assert match, line
        labels = dict(re.findall(r'([a-z_]+)="([^"]*)"', match["labels"] or ""))
        found[match["name"], tuple(sorted(labels.items()))] = float(match["value"])
    assert len(found) == len(lines)
    return found


def total(page, name, **labels):
    """Add up the series of `name` that carry `labels`."""
    return sum(
        value
        for (one, its), value in series(page).items()
        if one == name and labels.items() <= dict(its).items()
    )


def code_of(shop, service, item):
    try:
        shop.get(service, f"/?item={item}")
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    return 200


def eventually(look, seconds=15.0):
    """Look until there is something to see, or fail with what was there last."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"never came: {seen!r}"
        time.sleep(0.05)
    return seen


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with processes.shop(tmp_path_factory.mktemp("shop"), rate=20) as running:
        yield running


@pytest.fixture(scope="module")
def ailing(tmp_path_factory):
    """A shop without users: payment has a wrong price list, stock is dead, catalog hangs."""
    changed = {
        "web": {"CALLS": "catalog=1", "TIMEOUT_S": "0.2"},
        "catalog": {"WORK_MS": "60000"},
        "payment": {"SHOP_PROFILE": "gold"},
    }
    folder = tmp_path_factory.mktemp("ailing")
    with processes.shop(folder, rate=QUIET, changed=changed) as running:
        running.kill("stock")
        yield running, folder


@pytest.mark.slow
def test_requests_flow_through_all_six_services_and_the_users_see_no_error(shop):
    def all_served():
        pages = {name: shop.get(name, "/metrics") for name in graph.ROLES}
        return all(total(page, "shop_requests_total", code="200") for page in pages.values())

    eventually(all_served)
    seen = shop.get("load", "/metrics")
    assert total(seen, "shop_user_requests_total") > 0
    assert total(seen, "shop_user_requests_total") == total(
        seen, "shop_user_requests_total", code="200"
    )


def check_the_books(still):
    codes = Counter(code_of(still, "web", item) for item in range(60))
    pages = {name: still.get(name, "/metrics") for name in graph.ROLES}
    served = {name: total(page, "shop_requests_total") for name, page in pages.items()}
    assert codes == {200: 60}
    assert served["web"] == 60
    for name in graph.ROLES:
        if name != graph.ENTRY:
            calls = [
                total(page, "shop_client_requests_total", callee=name) for page in pages.values()
            ]
            assert served[name] == sum(calls)
    for name, page in pages.items():
        assert total(page, "shop_request_seconds_count") == served[name]
        assert total(page, "shop_request_seconds_bucket", le="+Inf") == served[name]
        assert total(page, "shop_in_flight") == 0
        assert total(page, "shop_ready") == 1
        assert total(page, "process_cpu_seconds_total") > 0
        assert total(page, "process_resident_memory_bytes") > 1e6


@pytest.mark.slow
def test_a_wrong_price_list_fails_what_has_a_price_and_nothing_else(ailing):
    wrong, _ = ailing
    assert code_of(wrong, "payment", PRICED) == 500
    assert code_of(wrong, "payment", PLAIN) == 200
    assert code_of(wrong, "checkout", PRICED) == 502
    page = wrong.get("payment", "/metrics")
    assert total(page, "shop_requests_total", code="500") == 2
    assert total(page, "shop_requests_total", code="200") == 1


@pytest.mark.slow
def test_a_dead_service_fails_those_that_need_it_and_they_log_it(ailing):
    broken, folder = ailing
    assert code_of(broken, "checkout", PLAIN) == 502
    page = broken.get("checkout", "/metrics")
    tried = total(page, "shop_client_requests_total", callee="stock", code="unreachable")
    assert tried == 2, "one try and one retry"
    entry = json.loads((folder / "checkout.log").read_text().splitlines()[-1])
    assert (entry["level"], entry["code"]) == ("error", 502)
    assert entry["message"] == "stock answered unreachable"


@pytest.mark.slow
def test_a_callee_that_hangs_is_given_up_in_time(ailing):
    hanging, _ = ailing
    start = time.monotonic()
    assert code_of(hanging, "web", PLAIN) == 504
    assert time.monotonic() - start < 5
    hanging.kill("catalog")  # it would go on hashing


@pytest.mark.slow
def test_the_program_says_where_it_is_keeps_its_books_and_ends_on_term(tmp_path):
    command = [sys.executable, str(SHOP / "up.py"), "processes", "--out", str(tmp_path)]
    command += ["--rate", str(QUIET)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        printed = [program.stdout.readline().split() for _ in range(8)]
        ports = {name: int(url.rpartition(":")[2]) for name, url in printed[:7]}
        try:
            check_the_books(processes.Shop(ports, {}))
        finally:
            program.terminate()
        assert program.wait(15) == 0
    assert list(ports) == list(processes.NAMES)
    assert Path(printed[7][-1]) == tmp_path / "prometheus.yml"
    for _, url in printed[:7]:
        with pytest.raises(urllib.error.URLError, match="refused"):
            urllib.request.urlopen(f"{url}/live", timeout=5)  # noqa: S310  always http


def test_users_arrive_at_the_rate_of_the_seed():
    def first_100_s(seed):
        return list(takewhile(lambda user: user[0] < 100, load.arrivals(20, 0.0, 600, seed)))

    assert first_100_s(1) == first_100_s(1) != first_100_s(2)
    assert 1800 < len(first_100_s(1)) < 2200, "within 4.5 deviations of 2000"


def test_the_manifests_are_what_the_program_makes_of_its_source():
    made = {name: cluster.text(group) for name, group in cluster.documents().items()}
    kept = {path.name: path.read_text() for path in (SHOP / "manifests").iterdir()}
    assert kept == made, "run: python examples/shop/up.py manifests"


def test_the_manifests_parse_and_services_come_before_pods():
    paths = sorted((SHOP / "manifests").iterdir())
    documents = [one for path in paths for one in yaml.safe_load_all(path.read_text())]
    kinds = [one["kind"] for one in documents]
    assert kinds == ["Namespace", *["Service"] * 6, "ConfigMap", *["Deployment"] * 7]
    assert documents[0]["metadata"]["labels"]["chaos.aiops/enabled"] == "true"
    program = documents[7]["data"]
    assert program == {name: (SHOP / name).read_text() for name in program}
    for one in documents[8:]:
        [container] = one["spec"]["template"]["spec"]["containers"]
        assert container["name"] == "app"
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
        assert container["command"][1].removeprefix("/shop/") in program


def test_the_queries_name_the_calls_of_the_graph():
    queries = tomllib.loads((SHOP / "queries.toml").read_text())
    calls = {(name, to) for name, role in graph.ROLES.items() for to in role.calls}
    assert {tuple(call) for call in queries["calls"]} == calls | {(discovery.USERS, graph.ENTRY)}


def test_prometheus_is_told_of_what_runs_and_of_what_is_ready(tmp_path):
    pods = [
        discovery.read("cart", "cart-1", "10.0.0.7", "Running", "True"),
        discovery.read("cart", "cart-2", "10.0.0.8", "Running", "False"),
        discovery.read("load", "load-1", "10.0.0.9", "Running", "True"),
    ]
    discovery.write(tmp_path, pods)
    told = [json.loads((tmp_path / name).read_text()) for name in ("pods.json", "ready.json")]
    pods_of = [[(one["labels"]["service"], *one["targets"]) for one in file] for file in told]
    assert pods_of[0] == [
        ("cart", "10.0.0.7:8080"),
        ("cart", "10.0.0.8:8080"),
        ("users", "10.0.0.9:8080"),
    ]
    assert pods_of[1] == [("cart", "10.0.0.7:8080")]


@pytest.mark.parametrize(
    ("address", "phase"), [("", "Pending"), ("10.0.0.7", "Succeeded"), ("10.0.0.7", "Failed")]
)
def test_a_pod_that_waits_or_has_ended_has_no_address(address, phase):
    assert discovery.read("cart", "cart-1", address, phase, "").address == ""


@pytest.fixture(scope="module")
def monitoring(shop, tmp_path_factory):
    """A real Prometheus that scrapes the shop; its address."""
    if shutil.which("prometheus") is None:
        pytest.skip("LOUD: no `prometheus` on this machine: nothing here has been read by one")
    folder = tmp_path_factory.mktemp("prometheus")
    discovery.write(folder, shop.targets())
    [port] = processes.free_ports(1)
    with scraping.prometheus(scraping.configure(folder), port) as url:
        yield url


def ask(url, query):
    """Return service → value."""
    words = urllib.parse.urlencode({"query": query})
    query_url = f"{url}/api/v1/query?{words}"
    with urllib.request.urlopen(query_url, timeout=5) as answer:  # noqa: S310  always http
        found = json.load(answer)["data"]["result"]
    return {one["metric"]["service"]: float(one["value"][1]) for one in found}


@pytest.mark.slow
def test_a_real_prometheus_sees_every_service(monitoring):
    everyone = {*graph.ROLES, discovery.USERS}
    up = eventually(
        lambda: len(seen := ask(monitoring, 'up{job!="ready"}')) == len(everyone) and seen
    )
    assert up == dict.fromkeys(everyone, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", tomllib.loads((SHOP / "queries.toml").read_text())["metrics"], ids=str
)
def test_every_query_has_a_value_for_every_service(monitoring, name):
    query = tomllib.loads((SHOP / "queries.toml").read_text())["metrics"][name]
    seen = eventually(lambda: set(graph.ROLES) <= (now := ask(monitoring, query)).keys() and now)
    assert all(value >= 0 for value in seen.values())
