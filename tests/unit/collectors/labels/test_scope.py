"""The same expression for everyone and for one service; the e2e test holds both equal."""

from aiops.clients.prometheus import Matcher
from aiops.collectors.inventory.grouping import families_of
from aiops.collectors.labels.scope import Scope, Selection
from aiops.settings import LabelRule, Labels

EVERYONE = Scope()


def family(*listed, labels=None):
    named = [{"__name__": "x", **each} for each in listed]
    (found,) = families_of(named, {}, labels or Labels())
    return found


def written(found, scope=EVERYONE, **options):
    return scope.grouped(Selection(found), str, **options)


def test_one_label_that_decides_needs_no_label_replace():
    found = family({"service": "cart", "job": "k8s"})
    assert written(found) == "sum by (service) (x)"
    assert written(found, Scope("cart")) == 'sum(x{service="cart"})'


def test_another_label_is_renamed_after_adding_up():
    found = family({"job": "cart"})
    renamed = 'label_replace(sum by (job) (x), "service", "$1", "job", "(.+)")'
    assert written(found) == f"sum by (service) ({renamed})"
    assert written(found, Scope("cart")) == 'sum(x{job="cart"})'


def test_a_chain_nests_from_the_least_to_the_most_preferred():
    found = family({"service": "cart"}, {"app": "web", "service": ""}, {"job": "db"})
    text = written(found)
    assert text.startswith("label_replace(sum by (aiops_service) (")
    places = [
        text.index(f'"aiops_service", "$1", "{label}"') for label in ("job", "app", "service")
    ]
    assert places == sorted(places)
    assert written(found, Scope("web")) == 'sum(x{app="web",service=""})'
    assert written(found, Scope("db")) == 'sum(x{job="db",service="",app=""})'


def test_a_service_named_by_two_labels_is_read_by_two_selectors():
    found = family({"service": "cart"}, {"job": "cart"})
    assert written(found, Scope("cart")) == 'sum(x{service="cart"} or x{job="cart",service=""})'


def test_what_is_of_a_hosts_job_is_read_by_the_job_and_the_instance():
    exporter = {"__name__": "node_uname_info", "job": "node", "instance": "db:9100"}
    up = [exporter | {"__name__": "up"}, {"__name__": "up", "job": "web", "instance": "w:80"}]
    found, _ = sorted(
        families_of([exporter, *up], {}, Labels()), key=lambda each: each.name != "up"
    )
    assert found.services == ("db", "web")
    assert "label_join(" in written(found)
    assert written(found, Scope("web")) == 'sum(up{job="web",job!~"node"})'
    assert written(found, Scope("db")) == 'sum(up{instance=~"db(?::\\\\d+)?",job=~"node"})'


def test_instances_are_told_apart_before_the_highest_is_taken():
    found = family({"service": "cart", "pod": "a"})
    assert written(found, Scope(instances=True)) == "sum by (service, pod) (x)"
    assert written(found, Scope("cart", instances=True)) == 'sum by (pod) (x{service="cart"})'
    assert EVERYONE.over_instances(found, "max", "y") == "max by (service) (y)"
    assert Scope("cart").over_instances(found, "max", "y") == "max(y)"


def test_namespaces_are_kept_where_they_tell_services_apart():
    found = family(*({"service": "cart", "namespace": name} for name in ("prod", "test")))
    assert written(found) == "sum by (service, namespace) (x)"
    assert written(found, Scope("cart.test")) == 'sum(x{service="cart",namespace="test"})'


def test_an_average_is_taken_of_the_series_themselves():
    found = family({"job": "cart"})
    renamed = 'label_replace(x, "service", "$1", "job", "(.+)")'
    assert written(found, how="avg") == f"avg by (service) ({renamed})"


RULE = Labels(rules=(LabelRule(match="x", service="pod", pattern="(.+?)(?:-[a-z]{2})?"),))


def test_a_pattern_is_met_with_the_service_in_place_of_its_group():
    found = family({"pod": "cart-ab"}, {"pod": "cart-cd"}, {"pod": "web-ab"}, labels=RULE)
    assert written(found, Scope("cart")) == 'sum(x{pod=~"cart(?:-[a-z]{2})?"})'


def test_values_are_listed_where_the_pattern_would_be_met_by_others():
    own = Labels(rules=(LabelRule(match="x", service="pod", pattern="(.+?)(?:-[a-z]+)*"),))
    found = family({"pod": "cart-db-1"}, {"pod": "cart-db-1-x"}, {"pod": "cart"}, labels=own)
    assert found.services == ("cart", "cart-db-1")
    assert written(found, Scope("cart")) == 'sum(x{pod=~"cart(?:-[a-z]+)*"})'
    clash = Labels(rules=(LabelRule(match="x", service="pod", pattern="a?(.*b)"),))
    found = family({"pod": "ab"}, {"pod": "aab"}, labels=clash)
    assert found.services == ("ab", "b")
    assert written(found, Scope("ab")) == 'sum(x{pod=~"aab"})'


def test_matchers_of_the_rule_and_of_the_selection_come_along():
    rule = LabelRule(match="x", service="app", where='side="server"')
    found = family({"app": "cart", "side": "server"}, labels=Labels(rules=(rule,)))
    chosen = Selection(found, "_count", (Matcher("code", "5..", "=~"),))
    text = Scope("cart").grouped(chosen, str)
    assert text == 'sum(x_count{side="server",code=~"5..",app="cart"})'
