"""The janitor's program against an API server that fails on demand, with a clock that it is given."""

import ast
import http.client
import itertools
import json
import signal
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from chaos import ObjectRef, Process
from chaos.deeds import DeleteDeed, PatchDeed, StartDeed, patch_deed
from chaos.janitor import script
from chaos.janitor.objects import RESOURCES
from chaos.marks import runs_on, write_mark
from tests.fake_api_routes import TOKEN
from tests.fake_api_server import FakeApiServer

CART = ObjectRef("Deployment", "shop", "cart")
MARK_TEXT = write_mark("scale.zero", {}, None)
MARK = {"op": "add", "path": "/metadata/annotations", "value": {"chaos.aiops/r1": MARK_TEXT}}
UNMARK = {"op": "remove", "path": "/metadata/annotations/chaos.aiops~1r1"}
OVERDUE_S = 60.0


class Clock:
    """Stands for the module `time` in the script; every sleep lets something happen."""

    strftime = staticmethod(script.time.strftime)
    gmtime = staticmethod(script.time.gmtime)

    def __init__(self):
        self.passed = 0.0
        self.happenings = iter(())

    def monotonic(self):
        return self.passed

    def time(self):
        return self.passed

    def sleep(self, seconds):
        self.passed += seconds
        next(self.happenings, lambda: None)()


class Plain(script.Server):
    """The script's server without TLS, which the fake does not speak, and with the clock alone."""

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=2.0)

    def keep_time(self, date):
        pass


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(script, "time", clock)
    return clock


@pytest.fixture
def cluster():
    with FakeApiServer() as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        running.add(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "cart", "namespace": "shop"},
                "spec": {"replicas": 3},
            }
        )
        yield running


@pytest.fixture
def account(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "ARMED", tmp_path / "armed")
    (tmp_path / "token").write_text(TOKEN + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def server(cluster, account, clock):
    return Plain("127.0.0.1", cluster.port, account)


@pytest.fixture
def deed(cluster):
    """The deed that scales the cart to zero."""
    change = [{"op": "replace", "path": "/spec/replicas", "value": 0}]
    return patch_deed("scale.zero", CART, cluster.object("Deployment", "shop", "cart"), change)


def write(cluster, *ops, name="cart"):
    """Change the cart past the network, as someone else would."""
    kind = cluster.api.kind("Deployment")
    cluster.api.objects.patch(kind, "shop", name, list(ops))


def cart(cluster):
    return cluster.object("Deployment", "shop", "cart")


def orders(*deeds):
    found = [
        {**deed.to_json(), "path": RESOURCES[deed.target.kind].path(deed.target)} for deed in deeds
    ]
    expires = datetime.fromtimestamp(OVERDUE_S, UTC).isoformat()
    return {"run": "r1", "fault": "scale.zero", "expires": expires, "deeds": found}


@pytest.fixture
def janitor(server, deed):
    return script.Janitor(server, orders(deed))


def test_it_needs_nothing_but_an_old_python():
    tree = ast.parse(Path(script.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names


def test_it_says_that_it_is_armed_once_it_has_read_every_object(janitor, cluster, clock):
    cluster.deny("get", "deployments", "shop")
    armed = []
    clock.happenings = iter(
        [
            lambda: armed.append(script.ARMED.exists()),
            cluster.api.denied.clear,
            lambda: armed.append(script.ARMED.exists()),
        ]
    )
    assert not janitor.watch()
    assert armed == [False, True]


def test_a_run_that_has_come_and_gone_ends_the_watch(janitor, deed, cluster, clock, capsys):
    clock.happenings = iter(
        [lambda: write(cluster, MARK, *deed.ops), lambda: write(cluster, *deed.undo_ops, UNMARK)]
    )
    assert janitor.watch()
    assert clock.passed == 2 * script.LOOK_EVERY_S
    assert "armed; overdue in 60 s" in capsys.readouterr().out


def test_before_its_mark_is_seen_a_run_may_still_begin(janitor, clock):
    assert not janitor.watch()
    assert clock.passed == OVERDUE_S


def test_what_bears_the_mark_no_more_is_not_its_business(janitor, deed, cluster, clock):
    clock.happenings = iter(
        [lambda: write(cluster, MARK, *deed.ops), lambda: write(cluster, UNMARK)]
    )
    assert janitor.watch()
    assert clock.passed < OVERDUE_S
    janitor.undo_all()
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (0, ())


def test_the_same_value_without_the_mark_is_somebody_elses(janitor, deed, cluster, capsys):
    write(cluster, *deed.ops)
    janitor.undo_all()
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (0, ())
    assert "is not in the hands of this run" in capsys.readouterr().out


def test_a_fence_is_no_mark(janitor, deed, cluster, clock):
    fence = {**MARK, "value": {"chaos.aiops/r1": "fence"}}
    clock.happenings = iter(
        [lambda: write(cluster, fence, *deed.ops), lambda: write(cluster, UNMARK)]
    )
    assert not janitor.watch()
    write(cluster, fence)
    janitor.undo_all()
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (0, ())


def test_an_object_that_is_gone_has_lost_its_fault(janitor, cluster):
    cluster.api.objects.delete(cluster.api.kind("Deployment"), "shop", "cart")
    assert janitor.watch()
    assert janitor.undo(janitor.deeds[0]) == script.GONE


def test_another_object_of_the_same_name_is_left_alone(server, deed, cluster):
    other = PatchDeed(deed.target, "another-uid", deed.ops, deed.undo_ops)
    write(cluster, MARK, *deed.ops)
    janitor = script.Janitor(server, orders(other))
    assert janitor.watch()
    janitor.undo_all()
    assert cart(cluster)["spec"]["replicas"] == 0


def test_a_path_that_the_server_does_not_know_is_not_an_object_that_is_gone(server):
    with pytest.raises(script.Refused, match="404"):
        server.call("/apis/apps/v9/namespaces/shop/deployments/cart")


def test_the_undo_takes_fault_and_mark_away_in_one_patch(janitor, deed, cluster, capsys):
    write(cluster, MARK, *deed.ops)
    janitor.undo_all()
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (3, ())
    assert [change.method for change in cluster.log] == ["PATCH"]
    assert "restored /spec/replicas\n" in capsys.readouterr().out


def test_what_others_changed_is_kept_and_said(janitor, deed, cluster, capsys):
    write(cluster, MARK, *deed.ops)
    write(cluster, {"op": "replace", "path": "/spec/replicas", "value": 5})
    janitor.undo_all()
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (5, ())
    assert "restored nothing; kept what others changed: /spec/replicas\n" in capsys.readouterr().out


@pytest.mark.parametrize("trouble", [500, 503, 429, 409, 403, "cut", "late"])
def test_it_insists_whatever_the_server_does(janitor, deed, cluster, trouble, clock):
    write(cluster, MARK, *deed.ops)
    calls = itertools.count()
    cluster.trouble = lambda method, path, attempt: trouble if next(calls) < 5 else None
    janitor.undo_all()
    cluster.settle()
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (3, ())


def test_its_pauses_grow_to_the_longest_and_no_more(janitor, deed, cluster, clock):
    write(cluster, MARK, *deed.ops)
    pauses = []
    cluster.stop()
    waiting = [lambda: pauses.append(clock.passed)] * 12
    clock.happenings = iter([*waiting, cluster.start])
    janitor.undo_all()
    assert cart(cluster)["spec"]["replicas"] == 3
    gaps = [later - earlier for earlier, later in itertools.pairwise(pauses)]
    assert gaps[0] == pytest.approx(2 * script.FIRST_PAUSE_S)
    assert gaps[-1] == script.LONGEST_PAUSE_S


def test_one_object_that_resists_does_not_hold_up_the_others(server, deed, cluster, clock):
    meta = {"name": "p", "namespace": "shop"}
    cluster.add({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {}})
    first = StartDeed(ObjectRef("Pod", "shop", "p"), "", Process("cpu", 1.0, 5.0))
    cluster.deny("get", "pods", "shop")
    write(cluster, MARK, *deed.ops)
    replicas = []
    clock.happenings = iter(
        [lambda: replicas.append(cart(cluster)["spec"]["replicas"]), cluster.api.denied.clear]
    )
    script.Janitor(server, orders(deed, first)).undo_all()
    assert replicas == [3]


@pytest.fixture
def two(server, deed, cluster):
    """A janitor of two objects: the cart, then the till; both are struck."""
    meta = {"name": "till", "namespace": "shop"}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta}
    cluster.add(made | {"spec": {"replicas": 3}})
    till = PatchDeed(ObjectRef("Deployment", "shop", "till"), "", deed.ops, deed.undo_ops)
    write(cluster, MARK, *deed.ops)
    write(cluster, MARK, *deed.ops, name="till")
    return script.Janitor(server, orders(deed, till))


def test_the_last_deed_is_undone_first(two, cluster):
    two.undo_all()
    names = [change.path.rpartition("/")[2] for change in cluster.log]
    assert names == ["till", "cart"]


def test_a_run_is_not_over_before_all_of_it_is(two, deed, cluster, clock):
    clock.happenings = iter(
        [
            lambda: write(cluster, *deed.undo_ops, UNMARK, name="till"),
            lambda: write(cluster, *deed.undo_ops, UNMARK),
        ]
    )
    assert two.watch()
    assert clock.passed == 2 * script.LOOK_EVERY_S


def test_of_a_process_only_the_mark_is_taken_off(server, cluster):
    meta = {"name": "p", "namespace": "shop", "annotations": {"chaos.aiops/r1": "{}", "a": "b"}}
    stored = cluster.add({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {}})
    ref = ObjectRef("Pod", "shop", "p")
    deed = StartDeed(ref, stored["metadata"]["uid"], Process("cpu", 1.0, 5.0))
    script.Janitor(server, orders(deed)).undo_all()
    assert cluster.object("Pod", "shop", "p")["metadata"]["annotations"] == {"a": "b"}


def test_what_is_deleted_needs_nothing(server):
    deed = DeleteDeed(ObjectRef("Pod", "shop", "p"), "u")
    assert script.Janitor(server, orders(deed)).deeds == []


def test_a_mark_still_under_way_does_not_arrive_after_the_undo(janitor, cluster):
    version = cart(cluster)["metadata"]["resourceVersion"]
    late = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, MARK]
    janitor.undo_all()
    status, _ = janitor.server.exchange(janitor.deeds[0]["path"], late)
    assert status != 200
    assert runs_on(cart(cluster)) == ()


def test_the_token_is_read_anew_for_each_request(janitor, account):
    path = janitor.deeds[0]["path"]
    (account / "token").write_text("expired", encoding="utf-8")
    with pytest.raises(script.Refused, match="401"):
        janitor.server.call(path)
    (account / "token").write_text(TOKEN, encoding="utf-8")
    assert janitor.server.call(path)["metadata"]["name"] == "cart"


def test_the_time_is_the_servers(account, clock):
    server = script.Server("127.0.0.1", 1, account)
    clock.passed = 5.0
    server.keep_time(format_datetime(datetime.fromtimestamp(1000, UTC), usegmt=True))
    clock.passed = 7.0
    server.keep_time(None)
    assert server.now() == 1002.0


@pytest.fixture
def program(cluster, server, account, deed, monkeypatch):
    """The program as its pod finds it: its plan, its account, and where the server is."""
    (account / "plan.json").write_text(json.dumps(orders(deed)), encoding="utf-8")
    monkeypatch.setattr(script, "PLAN", account / "plan.json")
    monkeypatch.setattr(script, "ACCOUNT", account)
    monkeypatch.setattr(script, "Server", Plain)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(cluster.port))
    write(cluster, MARK, *deed.ops)
    before = signal.getsignal(signal.SIGTERM)
    yield script.main
    signal.signal(signal.SIGTERM, before)


def test_the_program_undoes_what_is_overdue(program, cluster, capsys):
    program()
    assert signal.getsignal(signal.SIGTERM) is script.stop
    assert "the fault is overdue" in capsys.readouterr().out
    assert (cart(cluster)["spec"]["replicas"], runs_on(cart(cluster))) == (3, ())


def test_the_program_ends_early_when_there_is_nothing_to_do(program, cluster, deed, clock, capsys):
    clock.happenings = iter([lambda: write(cluster, *deed.undo_ops, UNMARK)])
    program()
    assert "the fault is gone" in capsys.readouterr().out
    assert clock.passed < OVERDUE_S
    assert not cluster.log


def test_a_pod_that_is_stopped_ends_as_failed():
    with pytest.raises(SystemExit) as ended:
        script.stop(signal.SIGTERM, None)
    assert ended.value.code == 143
