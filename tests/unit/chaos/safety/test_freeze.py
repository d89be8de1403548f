"""The freeze switch: thrown from either side, read without being written."""

import pytest

from aiops.types import Denied
from chaos import ObjectRef
from chaos.safety import ClusterScope, OptedIn, freeze_manifest, frozen
from tests.memory_cluster import opted_in

MAP = ObjectRef("ConfigMap", "shop", "chaos-aiops-freeze")


def test_nothing_freezes_by_itself(cluster):
    assert frozen(cluster, ClusterScope(cluster), "shop") is None
    assert frozen(cluster, ClusterScope(cluster), "nowhere") is None


def test_the_config_map_freezes_and_says_why(cluster):
    cluster.objects[MAP] = freeze_manifest("shop", "release\nweek")
    text = frozen(cluster, OptedIn(), "shop")
    assert text == "ConfigMap shop/chaos-aiops-freeze is there: release week"
    assert frozen(cluster, OptedIn(), "elsewhere") is None


def test_an_empty_config_map_freezes_too(cluster):
    cluster.objects[MAP] = {"kind": "ConfigMap", "metadata": {"name": MAP.name}}
    assert frozen(cluster, OptedIn(), "shop")


@pytest.mark.parametrize(("value", "shut"), [("true", True), ("false", False), ("", False)])
def test_the_label_freezes(cluster, value, shut):
    labels = {"chaos.aiops/freeze": value}
    cluster.objects[ObjectRef("Namespace", "", "shop")] = opted_in("shop", labels)
    assert bool(frozen(cluster, ClusterScope(cluster), "shop")) is shut


def test_a_switch_that_may_not_be_read_is_not_taken_for_open(cluster):
    cluster.unreadable.add("ConfigMap")
    with pytest.raises(Denied):
        frozen(cluster, OptedIn(), "shop")
