"""Label sets become families with owners; what is nobody's is told with the reason."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.inventory.families import Origin
from aiops.collectors.inventory.grouping import families_of
from aiops.collectors.inventory.members import FamilyKind
from aiops.settings import LabelRule, Labels


def series(name, **labels):
    return {"__name__": name, **labels}


def families(*listed, labels=None):
    return {family.name: family for family in families_of(listed, {}, labels or Labels())}


def test_a_histogram_is_one_family():
    (family,) = families(
        series("h_bucket", service="cart", le="1"),
        series("h_bucket", service="cart", le="+Inf"),
        series("h_sum", service="cart"),
        series("h_count", service="cart"),
    ).values()
    assert (family.name, family.kind, family.series, family.mapped) == (
        "h",
        FamilyKind.HISTOGRAM,
        4,
        4,
    )
    assert family.parts == {"_bucket": 2, "_sum": 1, "_count": 1}
    assert family.labels == ("le", "service")
    assert family.reason is None


def test_instances_are_counted_for_each_service():
    family = families(
        series("x", service="cart", pod="a"),
        series("x", service="cart", pod="b", path="/1"),
        series("x", service="cart", pod="b", path="/2"),
        series("x", service="web", pod="c"),
    )["x"]
    assert {name: owner.instances for name, owner in family.owners.items()} == {"cart": 2, "web": 1}
    assert family.most_instances == 2
    assert family.services == ("cart", "web")


def test_only_sources_that_decide_are_kept():
    family = families(
        series("up", service="cart", app="x", job="shop"), series("up", job="node", app="")
    )["up"]
    assert [source.label for source in family.subject.sources] == ["service", "job"]
    assert family.owners["cart"].origins == {Origin(0, "cart")}
    assert family.owners["node"].origins == {Origin(1, "node")}


def test_a_pattern_that_may_say_nobody_is_kept():
    rule = LabelRule(match="x", service="app", pattern="temp-(.*)")
    family = families(
        series("x", app="temp-", job="j"),
        series("x", app="web", job="j"),
        labels=Labels(rules=(rule,), service=("job",)),
    )["x"]
    assert [source.label for source in family.subject.sources] == ["app", "job"]
    assert (family.mapped, family.services) == (1, ("j",))


def test_namespaces_tell_apart_only_what_shares_a_name():
    found = families(
        series("x", service="cart", namespace="prod"),
        series("x", service="cart", namespace="staging"),
        series("x", service="web", namespace="prod"),
        series("y", service="cart", namespace="prod"),
        series("z", service="cart"),
        series("z", service="web", namespace="prod"),
    )
    assert found["x"].services == ("cart.prod", "cart.staging", "web")
    assert found["x"].by_namespace
    assert found["y"].services == ("cart.prod",)
    assert found["z"].services == ("cart", "web")
    assert not found["z"].by_namespace


EXPORTER = [
    series("node_uname_info", job="node", instance="db:9100", nodename="db1"),
    series("go_goroutines", job="node", instance="db:9100"),
    series("up", job="node", instance="db:9100", namespace="monitoring"),
]


def test_a_host_and_its_exporter_are_one_service():
    found = families(*EXPORTER, series("up", job="node", instance="down:9100"))
    assert found["node_uname_info"].services == found["go_goroutines"].services == ("db",)
    assert found["up"].services == ("db", "down"), "one that is down is a host, too"


def test_a_job_that_scrapes_other_things_too_is_none_of_hosts():
    other = series("http_requests_total", job="node", instance="10.0.0.1:80")
    found = families(*EXPORTER, other)
    assert found["up"].services == found["http_requests_total"].services == ("node",)


def test_in_one_family_a_missing_namespace_is_another():
    found = families(
        series("x", service="cart", namespace="prod"),
        series("x", service="cart"),
        series("y", service="cart", namespace="prod"),
    )
    assert found["x"].services == ("cart", "cart.prod")
    assert found["y"].services == ("cart.prod",)


def test_a_slash_is_no_part_of_a_name_in_frames():
    family = families(series("x", job="monitoring/web"))["x"]
    assert family.services == ("monitoring:web",)
    assert family.owners["monitoring:web"].service == "monitoring/web"


def test_what_is_nobodys_is_told_with_the_reason():
    found = families(
        series("ALERTS", alertname="Slow", service="cart"),
        series("cluster:load", le="1"),
        series("container_memory_rss", pod="cart-0", container="cart"),
        series("container_memory_rss", pod="cart-0", container=""),
        series("kube_secret_info", job="ksm"),
    )
    assert found["ALERTS"].reason == "the state of an alert is no measurement"
    assert found["cluster:load"].reason == "no label says whose"
    assert found["kube_secret_info"].reason == (
        "no label says whose, by the built-in rule for such metrics"
    )
    assert 'container!=""' in found["container_memory_rss"].reason
    assert (found["container_memory_rss"].mapped, found["container_memory_rss"].series) == (1, 2)


def test_values_of_labels_that_have_few():
    listed = [series("x", service="cart", code=str(200 + n), item=str(n)) for n in range(61)]
    family = families(*listed[:2], series("x", code="999"))["x"]
    assert family.values["code"] == {"200", "201"}  # of mapped series alone
    assert "item" not in families(*listed)["x"].values


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["service", "job", "pod"]), st.sampled_from(["", "a", "b"]))
    )
)
def test_every_series_is_counted_once(label_sets):
    found = families(*(series(f"x{n % 3}", **each) for n, each in enumerate(label_sets)))
    assert sum(family.series for family in found.values()) == len(label_sets)
    named = [each for each in label_sets if each.get("service") or each.get("job")]
    assert sum(family.mapped for family in found.values()) == len(named)
    assert all(family.reason for family in found.values() if family.mapped < family.series)
