import pytest

from rca.kinds import RESOURCE_WORDS, SYMPTOM_WORDS, is_resource


@pytest.mark.parametrize(
    "name",
    ["cpu", "CpuUsageRate(%)", "NodeMemoryUsageRate(%)", "replicas_ready", "jvm.gc.pause"],
)
def test_resources(name):
    assert is_resource(name)


@pytest.mark.parametrize(
    "name",
    ["latency_Average", "PodServerLatencyP90(s)", "error_ratio", "value", "", "disk_error_ratio"],
)
def test_others(name):
    assert not is_resource(name)


def test_a_word_is_a_whole_word():
    assert not is_resource("impromptu_ideas")
    assert not is_resource("region_count")


def test_no_word_is_both():
    assert not RESOURCE_WORDS & SYMPTOM_WORDS
