"""`aiops backtest`: options laid over the settings, one line for what cannot be, words and JSON."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from aiops.proving.backtest import reading
from aiops.proving.backtest.reading import Stretch
from aiops.types import InvalidInput, NotEnoughData

NOWHERE = "http://127.0.0.1:9"
UNTIL = "2026-03-02T12:00:30+00:00"


def metrics(rows=300):
    noise = np.random.default_rng(5)
    columns = {
        (service, "latency_p95"): 0.2 * (1 + 0.02 * noise.normal(size=rows))
        for service in ("db", "web")
    }
    columns["db", "latency_p95"][200:230] *= 5
    index = pd.date_range("2026-03-02T08:00Z", periods=rows, freq="60s", unit="us", name="time")
    return pd.DataFrame(columns, index=index).rename_axis(columns=["service", "metric"])


@pytest.fixture
def reads(monkeypatch):
    """Let the reader bring a stretch without a server; what it was asked for is kept."""
    asked = []

    def read(reader, start, end, step_s):
        asked.append((reader, start, end, step_s))
        return Stretch(metrics(), (), (("web", "db"),), ("so it is.",))

    monkeypatch.setattr(reading.StretchReader, "read", read)
    return asked


def test_it_asks_for_what_the_options_say(aiops, reads, tmp_path):
    (tmp_path / "queries.toml").write_text('[metrics]\nrequest_rate = "a"\n')
    answer = aiops(
        *("backtest", "--prometheus", NOWHERE, "--since", "2d", "--until", UNTIL, "--step", "5m"),
        *("--queries", tmp_path / "queries.toml", "--calls", "calls.toml", "--busy", "0.5"),
    )
    assert answer.code == 0, answer.err
    reader, start, end, step_s = reads[0]
    assert (start.isoformat(), end.isoformat()) == (
        "2026-02-28T12:00:00+00:00",
        "2026-03-02T12:00:00+00:00",
    )
    assert step_s == 300
    assert reader.queries.metrics == {"request_rate": "a"}
    assert str(reader.settings.calls.file) == "calls.toml"
    assert reader.pace.busy == 0.5
    assert reader.client.url == NOWHERE


def test_since_may_be_a_moment(aiops, reads):
    answer = aiops(
        *("backtest", "--prometheus", NOWHERE, "--since", "2026-03-01T00:00:00Z"),
        *("--until", UNTIL),
    )
    assert answer.code == 0, answer.err
    assert reads[0][1].isoformat() == "2026-03-01T00:00:00+00:00"


def test_a_fortnight_until_now_is_what_it_asks_for_by_itself(aiops, reads):
    assert aiops("backtest", "--prometheus", NOWHERE).code == 0
    _, start, end, step_s = reads[0]
    assert ((end - start).days, step_s) == (14, 60)


def test_it_tells_in_words(aiops, reads):
    answer = aiops("backtest", "--prometheus", NOWHERE, "--pages-per-day", 9)
    assert answer.out.startswith("1 page in 4 h 59 min")
    assert "u202f" not in answer.out
    for said in ("300 ticks", "so it is.", "db/latency_p95 is abnormal", "pages/day asked"):
        assert said in answer.out


def test_json_and_page(aiops, reads, tmp_path):
    answer = aiops(
        *("backtest", "--prometheus", NOWHERE, "--json", "--html", tmp_path / "page.html"),
        *("--pages-per-day", 9),
    )
    assert answer.json["schema"] == "aiops.backtest/v1"
    assert answer.json["budget"] == 9
    assert [one["blames"] for one in answer.json["incidents"] if one["paged"]] == ["db"]
    assert "What would have paged" in (tmp_path / "page.html").read_text()


def test_the_settings_say_what_the_options_do_not(aiops, reads, tmp_path):
    file = tmp_path / "aiops.toml"
    file.write_text(f'[prometheus]\nurl = "{NOWHERE}"\n[backtest]\npages_per_day = 7\n')
    assert aiops("--config", file, "backtest", "--json").json["budget"] == 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("--prometheus URL",)),
        (("--prometheus", NOWHERE, "--since", "sometime"), ("'sometime'",)),
        (("--prometheus", NOWHERE, "--until", "2026-03-02T12:00"), ("no time zone",)),
        (
            ("--prometheus", NOWHERE, "--since", "2026-03-03T00:00:00Z", "--until", UNTIL),
            ("not before",),
        ),
        (("--prometheus", NOWHERE, "--step", "0.5s"), ("--step", "too short")),
        (("--prometheus", NOWHERE, "--pages-per-day", "0"), ("--pages-per-day", "above 0")),
        (("--prometheus", NOWHERE, "--pages-per-day", "inf"), ("--pages-per-day", "above 0")),
        (("--prometheus", NOWHERE, "--since", "999999d"), ("999999d", "check the unit")),
        (("--prometheus", NOWHERE, "--until", "2999-01-01T00:00:00Z"), ("--until", "future")),
        (("--prometheus", NOWHERE, "--busy", "1.5"), ("--busy",)),
        (("--prometheus", NOWHERE, "--queries", "none.toml"), ("none.toml",)),
        (("--prometheus", NOWHERE, "--token-env", "NO_SUCH_TOKEN"), ("NO_SUCH_TOKEN",)),
    ],
)
def test_what_cannot_be_is_one_line(aiops, reads, refused, options, words):
    refused(aiops("backtest", *options), *words)
    assert reads == []


@pytest.mark.parametrize("error", [InvalidInput("too few ticks"), NotEnoughData("no series there")])
def test_what_the_reader_refuses_is_one_line(aiops, monkeypatch, refused, error):
    def read(*_):
        raise error

    monkeypatch.setattr(reading.StretchReader, "read", read)
    refused(aiops("backtest", "--prometheus", NOWHERE), str(error))


def test_no_server_is_one_line(aiops, refused):
    refused(aiops("backtest", "--prometheus", NOWHERE, "--since", "2h"), NOWHERE)


def test_help_loads_nothing_heavy():
    program = (
        "import sys\nfrom aiops.cli import backtest\n"
        "print(sorted({'pandas', 'numpy', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)  # noqa: PLW1510
    assert done.stdout.strip() == "[]"
