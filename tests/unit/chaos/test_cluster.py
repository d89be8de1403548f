"""Addresses, and the reading of limits."""

import math

import pytest

from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef, no_such_object
from chaos.workloads import cpu_limit, memory_limit


def workload(*limits):
    containers = [
        {"name": f"c{index}", "resources": {"limits": {"cpu": limit}}}
        for index, limit in enumerate(limits)
    ]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def test_limits_add_up_over_the_containers():
    assert cpu_limit(workload("500m", "1.5", "2")) == 4.0


@pytest.mark.parametrize("limit", ["", "0", "-1", "1Gi", "0.5m", "٣", None])
def test_a_limit_that_is_no_positive_quantity_is_refused(limit):
    with pytest.raises(InvalidExperiment, match=r"container 'c0' has the CPU limit"):
        cpu_limit(workload(limit))


@pytest.mark.parametrize("document", [{}, workload(), {"spec": {"template": None}}])
def test_an_object_without_containers_is_refused(document):
    with pytest.raises(InvalidExperiment, match="no list of containers"):
        cpu_limit(document)


def memory(*limits):
    containers = [
        {"name": f"c{index}", "resources": {"limits": {} if limit is None else {"memory": limit}}}
        for index, limit in enumerate(limits)
    ]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


@pytest.mark.parametrize(
    ("limits", "total"),
    [(("512Mi",), 512 * 2**20), (("1000", "2k"), 3000), (("1.5G",), 1.5e9), (("1Gi",), 2**30)],
)
def test_memory_limits_add_up_over_the_containers(limits, total):
    assert memory_limit(memory(*limits)) == total


def test_one_container_without_a_memory_limit_leaves_the_pod_without():
    assert memory_limit(memory("1Gi", None)) == math.inf


@pytest.mark.parametrize("limit", ["", "0", "-1", "1m", "1 Gi", "much"])
def test_a_memory_limit_that_is_no_positive_quantity_is_refused(limit):
    with pytest.raises(InvalidExperiment, match=r"container 'c0' has the memory limit"):
        memory_limit(memory(limit))


def test_an_empty_cluster_has_no_nearest_object():
    missing = ObjectRef("Deployment", "shop", "cart")
    assert "holds no object" in str(no_such_object(missing, []))
