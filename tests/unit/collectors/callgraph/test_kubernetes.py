"""Calls that the objects of a cluster name, read over a real socket from an API server."""

import pytest

from aiops.clients.kubernetes import KubernetesClient
from aiops.collectors.callgraph import from_kubernetes
from aiops.errors import Denied
from tests.fake_api_objects import NEW_KINDS, Kind
from tests.fake_api_server import FakeApiServer

SHOP = "shop"
KINDS = (*NEW_KINDS, Kind("networking.k8s.io/v1", "Ingress", "ingresses"))
SECRET = "hunter2-cart"  # noqa: S105  it opens nothing


def document(api_version, kind, name, namespace=SHOP, **parts):
    metadata = {"name": name, "namespace": namespace, **parts.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def service(name, app=None, *, ports=(8080,), namespace=SHOP):
    spec = {"ports": [{"port": port} for port in ports]}
    if app is not None:
        spec["selector"] = {"app": app}
    return document("v1", "Service", name, namespace, spec=spec)


def pod_spec(env=(), volumes=(), **parts):
    variables = [{"name": key, "value": value} for key, value in dict(env).items()]
    return {"containers": [{"name": "app", "env": variables, **parts}], "volumes": list(volumes)}


def workload(name, spec=None, *, kind="Deployment", labels=None, namespace=SHOP):
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": spec or pod_spec()}
    return document("apps/v1", kind, name, namespace, spec={"replicas": 0, "template": template})


def pod(name, owner=None, spec=None, **labels):
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    metadata = {"labels": labels, "ownerReferences": owners}
    return document("v1", "Pod", name, metadata=metadata, spec=spec or pod_spec())


def config_map(name, **data):
    return document("v1", "ConfigMap", name, data=data)


def mounted(name):
    return {"name": name, "configMap": {"name": name}}


@pytest.fixture
def server():
    with FakeApiServer(kinds=KINDS) as running:
        for name in (SHOP, "data"):
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            running.add(space)
        yield running


@pytest.fixture
def client(server, tmp_path):
    return KubernetesClient.connect(server.kubeconfig(tmp_path / "config"), server.context)


@pytest.fixture
def calls(server, client):
    """Put documents into the cluster and read its call graph."""

    def read(*documents, **options):
        for one in documents:
            server.add(one)
        return from_kubernetes(client, **options)

    return read


def test_variables_and_arguments_name_calls_with_their_place(calls):
    graph = calls(
        service("cart", "cart"),
        service("stock", "stock"),
        service("web", "web"),
        workload("web", pod_spec({"CART_URL": "http://cart:8080/", "OWN_URL": "http://web"})),
        workload("cart", pod_spec(args=["--stock-host", "stock", "--name=web"])),
        workload("stock", kind="StatefulSet"),
    )
    assert graph.sources() == {
        ("cart", "stock"): ("kubernetes: args of Deployment shop/cart",),
        ("web", "cart"): ("kubernetes: env CART_URL of Deployment shop/web",),
    }
    assert graph.notes == ()


def test_init_containers_are_read_and_other_namespaces_reached(calls):
    spec = pod_spec() | {"initContainers": [{"command": ["wait", "http://db.data:5432"]}]}
    graph = calls(
        service("db", "postgres", ports=[5432], namespace="data"),
        workload("postgres", kind="StatefulSet", namespace="data"),
        workload("web", spec),
    )
    assert graph.topology == (("web", "postgres"),)


def test_a_namespace_that_was_not_asked_for_is_not_read(calls):
    graph = calls(
        service("db", "db", namespace="data"),
        workload("web", pod_spec({"DB_URL": "http://db.data"})),
        namespaces=[SHOP],
    )
    assert graph.edges == ()


@pytest.mark.parametrize(
    ("measured", "named"),
    [
        ([], ("web-deployment", "cart-deployment")),
        (["frontend", "cart-api"], ("frontend", "cart-api")),
        (["web-deployment", "frontend", "cart-app"], ("web-deployment", "cart-app")),
        (["frontend.shop", "frontend.test", "cart-api"], ("frontend.shop", "cart-api")),
    ],
)
def test_a_workload_goes_by_the_name_that_the_metrics_know(calls, measured, named):
    graph = calls(
        service("cart-api", "cart-app"),
        service("frontend", "web-app"),
        workload("web-deployment", pod_spec({"U": "http://cart-api"}), labels={"app": "web-app"}),
        workload("cart-deployment", labels={"app": "cart-app"}),
        services=measured,
    )
    assert graph.topology == (named,)


def test_the_static_pods_of_a_node_are_each_their_own(calls):
    node = ("Node", "node-1")
    graph = calls(
        service("etcd", "etcd", ports=[2379]),
        pod("etcd-node-1", node, app="etcd"),
        pod("apiserver-node-1", node, pod_spec({"ETCD": "http://etcd:2379"}), app="apiserver"),
        services=["etcd", "apiserver"],
    )
    assert graph.topology == (("apiserver", "etcd"),)


def test_a_service_without_pods_stands_for_itself_and_one_with_two_workloads_for_both(calls):
    graph = calls(
        service("mail"),
        service("cart", "cart"),
        workload("web", pod_spec({"A": "http://mail", "B": "http://cart"})),
        workload("cart-stable", labels={"app": "cart", "track": "stable"}),
        workload("cart-canary", labels={"app": "cart", "track": "canary"}),
    )
    assert graph.topology == (("web", "cart-canary"), ("web", "cart-stable"), ("web", "mail"))


def test_pods_belong_to_what_owns_their_owners(calls):
    names = {"owned": ("ReplicaSet", "web-7d4"), "rolled": ("ReplicaSet", "mail-1")}
    spec = pod_spec({"CART_URL": "http://cart"})
    replica_set = {"ownerReferences": [{"kind": "Rollout", "name": "mail", "controller": True}]}
    of_web = {"ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}]}
    graph = calls(
        service("cart", "cart"),
        workload("web", spec),
        document("apps/v1", "ReplicaSet", "web-7d4", metadata=of_web),
        document("apps/v1", "ReplicaSet", "mail-1", metadata=replica_set),
        pod("web-7d4-x1", names["owned"], pod_spec({"CART_URL": "http://old-cart"})),
        pod("mail-1-x1", names["rolled"], spec),
        pod("lonely", None, spec),
        pod("cart-0", ("CloneSet", "cart"), app="cart"),
    )
    assert graph.sources() == {
        ("lonely", "cart"): ("kubernetes: env CART_URL of Pod shop/lonely",),
        ("mail", "cart"): ("kubernetes: env CART_URL of Rollout shop/mail",),
        ("web", "cart"): ("kubernetes: env CART_URL of Deployment shop/web",),
    }


def test_cron_jobs_call_too(calls):
    template = {"metadata": {}, "spec": pod_spec({"CART_URL": "http://cart"})}
    nightly = document(
        "batch/v1", "CronJob", "nightly", spec={"jobTemplate": {"spec": {"template": template}}}
    )
    assert calls(service("cart"), nightly).topology == (("nightly", "cart"),)


def test_config_maps_count_for_those_who_read_them_and_only_what_they_read(calls):
    items = {"name": "part", "configMap": {"name": "part", "items": [{"key": "a", "path": "a"}]}}
    from_key = {
        "name": "URL",
        "valueFrom": {"configMapKeyRef": {"name": "single", "key": "url"}},
    }
    graph = calls(
        service("cart"),
        service("mail"),
        service("stock"),
        config_map("whole", **{"app.yaml": "cart:\n  url: http://cart\n# http://stock\n"}),
        config_map("part", a="host: mail", b="host: stock"),
        config_map("single", url="http://stock", other="http://mail"),
        config_map("unread", url="http://cart"),
        workload("one", pod_spec(volumes=[mounted("whole")])),
        workload("two", pod_spec(volumes=[items])),
        workload("three", {"containers": [{"env": [from_key]}]}),
        workload("four", pod_spec(envFrom=[{"configMapRef": {"name": "single"}}])),
        workload("five", pod_spec(volumes=[{"projected": {"sources": [mounted("whole")]}}])),
    )
    assert graph.sources() == {
        ("one", "cart"): ("kubernetes: ConfigMap shop/whole, key app.yaml",),
        ("five", "cart"): ("kubernetes: ConfigMap shop/whole, key app.yaml",),
        ("two", "mail"): ("kubernetes: ConfigMap shop/part, key a",),
        ("three", "stock"): ("kubernetes: ConfigMap shop/single, key url",),
        ("four", "stock"): ("kubernetes: ConfigMap shop/single, key url",),
        ("four", "mail"): ("kubernetes: ConfigMap shop/single, key other",),
    }


def test_a_config_map_that_describes_the_system_gives_a_note_and_no_edges(calls):
    everyone = "\n".join(f"{name}: http://{name}:8080" for name in ("web", "cart", "stock"))
    graph = calls(
        *(service(name, name) for name in ("web", "cart", "stock")),
        config_map("directory", all=everyone),
        *(workload(name, pod_spec(volumes=[mounted("directory")])) for name in ("web", "cart")),
        workload("stock"),
    )
    assert graph.edges == ()
    (note,) = graph.notes
    assert "ConfigMap shop/directory was left out" in note


def test_an_ingress_calls_what_it_routes_to(calls):
    path = {"backend": {"service": {"name": "web", "port": {"number": 80}}}}
    spec = {
        "rules": [{"http": {"paths": [path]}}, {"host": "empty.example"}],
        "defaultBackend": {"service": {"name": "gone"}},
    }
    graph = calls(
        service("web", "front"),
        workload("front"),
        document("networking.k8s.io/v1", "Ingress", "outside", spec=spec),
    )
    assert graph.sources() == {("ingress", "front"): ("kubernetes: Ingress shop/outside",)}


def test_secrets_are_never_asked_for_and_values_never_kept(calls, server):
    secret = {"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}
    spec = {
        "containers": [
            {"env": [secret, {"name": "CART", "value": f"http://me:{SECRET}@cart"}]},
            {"envFrom": [{"secretRef": {"name": "db"}}]},
        ],
        "volumes": [{"name": "s", "secret": {"secretName": "db"}}],
    }
    graph = calls(service("cart"), workload("web", spec))
    assert graph.topology == (("web", "cart"),)
    assert SECRET not in repr(graph)
    assert not [path for _, path in server.requests if "secrets" in path]


def test_config_maps_and_ingresses_that_may_not_be_read_are_a_note(calls, server):
    server.deny("list", "configmaps")
    server.deny("list", "ingresses")
    graph = calls(service("cart"), workload("web", pod_spec({"CART": "http://cart"})))
    assert graph.topology == (("web", "cart"),)
    assert [note.split(":")[0] for note in graph.notes] == [
        "no ConfigMap was read",
        "no Ingress was read",
    ]


def test_a_server_without_ingresses_is_a_note(tmp_path):
    with FakeApiServer() as server:
        client = KubernetesClient.connect(server.kubeconfig(tmp_path / "config"), server.context)
        assert "no Ingress was read" in from_kubernetes(client).notes[0]


def test_pods_that_may_not_be_read_are_an_error(calls, server):
    server.deny("list", "pods")
    with pytest.raises(Denied, match="pods"):
        calls()
