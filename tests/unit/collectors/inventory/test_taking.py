"""An inventory is counted before it is listed, and tells the usual interval of samples."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.clients.prometheus import Sample
from aiops.collectors.discovered import DiscoveredCollector
from aiops.collectors.inventory.taking import SCRAPE_S, take_inventory
from aiops.settings import Labels, Settings
from aiops.types import InvalidInput, InvalidSettings, NotEnoughData

T0 = datetime(2026, 1, 1, tzinfo=UTC)
END = T0 + timedelta(hours=1)
LISTED = (
    {"__name__": "up", "job": "web"},
    {"__name__": "queue", "service": "cart"},
    {"__name__": "cluster:load"},
)


class FakeClient:
    """Has the series that it was given, and counts how often it is asked for them."""

    url = "http://prometheus"

    def __init__(self, listed=LISTED, *, scrape_s=15.0, samples=0):
        self.listed, self.scrape_s, self.samples = listed, scrape_s, samples
        self.selectors = []

    def count_series(self, at, selector):
        return len(self.listed)

    def series(self, selectors, start, end):
        self.selectors += selectors
        return self.listed

    def metadata(self):
        return {}

    def scrape_interval_s(self, at):
        return self.scrape_s

    def query(self, expr, at):
        seconds = 300 if "[300s]" in expr else 3600
        return (Sample({}, at, seconds * self.samples / 3600),) if self.samples else ()


def take(client, labels=None, **options):
    return take_inventory(client, labels or Labels(), T0, END, **options)


def test_an_inventory_tells_what_is_mapped_and_what_is_not():
    found = take(FakeClient())
    assert (found.series, found.mapped, found.share) == (3, 2, 2 / 3)
    assert found.services == ("cart", "web")
    assert [family.name for family in found.unmapped] == ["cluster:load"]
    assert [family.name for family in found.families] == ["cluster:load", "queue", "up"]
    assert found.scrape_s == 15.0


def test_too_many_series_are_refused_before_they_are_listed():
    client = FakeClient()
    with pytest.raises(InvalidInput, match=r"3 series are more than 2; .*ignore"):
        take(client, max_series=2)
    assert client.selectors == []


def test_ignored_metrics_are_not_asked_for():
    client = FakeClient()
    take(client, Labels(ignore=("go_.*",)))
    assert client.selectors == ['{__name__!="",__name__!~"go_.*"}']
    with pytest.raises(InvalidSettings, match="look-around"):
        take(client, Labels(ignore=("(?!go_)",)))


def test_nothing_there_is_told_in_one_line():
    with pytest.raises(NotEnoughData, match="no series between"):
        take(FakeClient(()))


@pytest.mark.parametrize(
    ("samples", "seconds"), [(241, 15.0), (121, 30.0), (13, 300.0), (0, SCRAPE_S)]
)
def test_without_scrapes_the_interval_is_told_by_counting(samples, seconds):
    assert take(FakeClient(scrape_s=None, samples=samples)).scrape_s == seconds


def test_windows_that_slide_are_listed_once_in_five_minutes():
    client = FakeClient()
    collector = DiscoveredCollector(client, Settings())
    for seconds in (1, 20, 290):
        collector.inventory(T0 + timedelta(seconds=seconds), END + timedelta(seconds=seconds))
    assert len(client.selectors) == 1
    collector.inventory(T0 + timedelta(seconds=310), END + timedelta(seconds=310))
    assert len(client.selectors) == 2


def test_a_window_that_ends_before_it_starts_is_refused():
    with pytest.raises(InvalidInput, match="swap them"):
        DiscoveredCollector(FakeClient(), Settings()).inventory(END, T0)
