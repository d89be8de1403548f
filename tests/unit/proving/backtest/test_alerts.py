"""Recorded alerts: one per rule, service and time; those that say nothing are set apart."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.clients.prometheus import Alert
from aiops.proving.backtest.alerts import gathered, service_of
from aiops.settings import Labels

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=1)


def minute(count):
    return START + timedelta(minutes=count)


def alert(start, end, name="Slow", **labels):
    ends = None if end is None else minute(end)
    return Alert(name, labels or {"service": "web"}, minute(start), ends)


def spans(*alerts):
    found = gathered(alerts, START, END)
    return [(one.name, one.service, one.start, one.end, one.series) for one in found]


def test_the_pods_of_one_service_are_one_alert():
    pods = [alert(10 + pod, 40 + pod, service="web", pod=str(pod)) for pod in range(3)]
    assert spans(*pods) == [("Slow", "web", minute(10), minute(42), 3)]


def test_services_and_rules_are_told_apart_and_come_in_order_of_time():
    found = spans(alert(30, 40), alert(20, 40, service="cart"), alert(10, 40, "Errors"))
    assert [one[:2] for one in found] == [("Errors", "web"), ("Slow", "cart"), ("Slow", "web")]


def test_one_that_flaps_did_not_stop():
    assert spans(alert(10, 20), alert(24, 30)) == [("Slow", "web", minute(10), minute(30), 2)]
    assert len(spans(alert(10, 20), alert(26, 30))) == 2


def test_a_longer_one_is_not_cut_by_a_shorter_one():
    assert spans(alert(10, 90), alert(20, 30))[0][3] == minute(90)
    assert spans(alert(10, None), alert(20, 30))[0][3] is None
    assert spans(alert(10, 30), alert(20, None))[0][3] is None


def test_what_always_fires_is_set_apart():
    found = gathered(
        [
            alert(5, 10, "Watchdog"),
            alert(3, None, "DiskNearlyFull"),
            alert(0, 30, "Old"),
            alert(60, 90, "New"),
        ],
        START,
        END,
    )
    assert {one.name: one.apart for one in found} == {
        "Watchdog": "fires always",
        "DiskNearlyFull": "fires always",
        "Old": "was firing when the stretch began",
        "New": "",
    }


def test_what_lies_outside_is_left_out():
    assert spans(alert(-20, 10), alert(60 * 24 + 1, None)) == []


def test_an_alert_may_name_no_service():
    assert service_of({"severity": "page"}) is None
    assert service_of({"job": "node", "service": ""}) == "node"
    assert spans(alert(10, 20, severity="page"))[0][1] is None


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"job": "node", "instance": "db:9100"}, "db"),
        ({"job": "node", "instance": "elsewhere:9100"}, "node"),
        ({"job": "web", "instance": "db:9100"}, "web"),
        ({"job": "kube", "pod": "cart-7d9f8b6c5d-x7k2p"}, "cart"),
        ({"service": "cart", "namespace": "staging"}, "cart.staging"),
        ({"service": "monitoring/web"}, "monitoring:web"),
        ({"instance": "db:9100"}, "db"),
    ],
)
def test_an_alert_is_put_down_to_whom_the_frame_knows(labels, service):
    known = {"db", "web", "cart", "cart.staging", "monitoring:web"}
    assert service_of(labels, known=known) == service


def test_the_settings_say_which_labels_name_a_service():
    found = gathered([alert(10, 20, team="red")], START, END, labels=Labels(service=("team",)))
    assert found[0].service == "red"
