"""Marks are put and taken off whoever else writes; a fence never hides a mark."""

import pytest

from chaos import marking
from chaos.deeds import PatchDeed
from chaos.marks import FENCE, pointer, put_mark, write_mark
from chaos.patch import PatchConflict, apply, lookup
from tests.memory_cluster import MemoryCluster, deployment, ref_of

CART = deployment("shop", "cart")
REF = ref_of(CART)
DEED = PatchDeed(REF, "uid-cart", (), ())
MARK = write_mark("scale.zero", {}, None)


class Counting(MemoryCluster):
    """A cluster that counts versions, and in which another writes before the first patch."""

    other = staticmethod(lambda: None)

    def patch(self, ref, ops, *, dry_run=False):
        other, self.other = self.other, lambda: None
        other()
        version = lookup(self.objects[ref], "/metadata/resourceVersion")
        bump = {"op": "replace", "path": "/metadata/resourceVersion", "value": f"{version}1"}
        return super().patch(ref, [*ops, bump])

    def mark(self, run):
        return lookup(self.objects[REF], pointer(run))


@pytest.fixture
def cluster():
    version = {"op": "add", "path": "/metadata/resourceVersion", "value": "1"}
    return Counting(apply(CART, [version]))


def test_a_fence_keeps_out_a_mark_under_way(cluster):
    late = put_mark(cluster.get(REF), "r1", MARK)
    marking.fence(cluster, DEED, "r1")
    assert cluster.mark("r1") == FENCE
    with pytest.raises(PatchConflict):
        cluster.patch(REF, late)


def test_a_mark_that_came_first_is_not_overwritten_by_a_fence(cluster):
    def mark():
        cluster.patch(REF, put_mark(cluster.get(REF), "r1", MARK))

    cluster.other = mark
    marking.fence(cluster, DEED, "r1")
    assert cluster.mark("r1") == MARK


def test_taking_off_leaves_the_marks_of_others(cluster):
    for run in ("r1", "r2"):
        marking.put(cluster, DEED, run, MARK)
    marking.take_off(cluster, DEED, "r1")
    assert lookup(cluster.objects[REF], "/metadata/annotations") == {"chaos.aiops/r2": MARK}
