"""`aiops config`: what is set, where it comes from, and whether it can be used."""

import pytest

SECRET = "hunter2"  # noqa: S105  it opens nothing


@pytest.fixture
def written(tmp_path):
    """Write a settings file and return its path."""

    def write(text, name="aiops.toml"):
        path = tmp_path / "here" / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_a_file_nothing_is_set_and_nothing_is_wrong(aiops):
    answer = aiops("config", "check")
    assert (answer.code, answer.err) == (0, "")
    assert "no aiops.toml" in answer.out
    assert aiops("config", "show", "--json").json == {}


def test_each_setting_says_where_it_comes_from(aiops, written, monkeypatch):
    written('[detection]\nlevel = 7\nmin_points = 3\n[prometheus]\nurl = "http://a:1"\n')
    monkeypatch.setenv("AIOPS_DETECTION__LEVEL", "8")
    assert aiops("config", "show", "--json").json == {
        "detection.level": {"value": "8.0", "from": "AIOPS_DETECTION__LEVEL"},
        "detection.min_points": {"value": "3", "from": "aiops.toml"},
        "prometheus.url": {"value": "http://a:1", "from": "aiops.toml"},
    }
    lines = aiops("config", "show").out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["setting", "value", "from"],
        ["detection.level", "8.0", "AIOPS_DETECTION__LEVEL"],
    ]


@pytest.mark.parametrize("words", [["config", "show", "{}"], ["--config", "{}", "config", "show"]])
def test_the_file_may_be_named_in_two_ways(aiops, written, words):
    path = str(written("[detection]\nlevel = 7\n", "other.toml"))
    answer = aiops(*(word.format(path) for word in words), "--json")
    assert answer.json == {"detection.level": {"value": "7.0", "from": path}}


def test_a_file_that_can_be_used_passes(aiops, written, tmp_path, monkeypatch):
    monkeypatch.setenv("PROM_TOKEN", SECRET)
    (tmp_path / "here" / "calls.csv").write_text("caller,callee\nweb,cart\n")
    written("""
        [prometheus]
        url = "https://prom.example"
        token_env = "PROM_TOKEN"
        [calls]
        file = "calls.csv"
        [labels]
        ignore = ["go_.+"]
        [[labels.rules]]
        match = "queue_.+"
        service = "queue"
        pattern = "([a-z]+)-.+"
        where = 'env="prod"'
    """)
    answer = aiops("config", "check")
    assert (answer.code, answer.err) == (0, "")
    assert "PROM_TOKEN" in answer.out
    assert SECRET not in answer.out


PROBLEMS = {
    '[prometheus]\nurl = "ftp://x"': "prometheus.url: the URL of Prometheus cannot be used",
    '[prometheus]\nurl = "http://me:hunter2@x"': "prometheus.url holds a password",
    '[prometheus]\nheaders = {Authorization = "Bearer hunter2"}': "Authorization is a secret",
    '[prometheus]\ntoken_env = "NOT_SET"': "the variable NOT_SET holds no token",
    '[prometheus]\nca_file = "ca.pem"': "prometheus.ca_file: ca.pem is not there",
    '[prometheus]\ntoken_file = "token"': "prometheus.token_file: token is not there",
    "[labels]\nservice = []": "labels.service: names no label",
    '[labels]\nignore = ["go_("]': "labels.ignore: the pattern 'go_(' cannot be used",
    '[[labels.rules]]\nmatch = "a("\nservice = "b"': "labels.rules, rule 1: the pattern 'a('",
    '[[labels.rules]]\nmatch = "x"\nservice = "b"\npattern = ".+"': "rule 1: the pattern '.+' has",
    '[[labels.rules]]\nmatch = "x"\nservice = "b"\nwhere = "a b"': "labels.rules, rule 1: ",
    '[calls]\nfile = "calls.csv"': "calls.file: calls.csv: cannot be read",
    '[calls]\nquery = "x"\ncaller = "a"\ncallee = "a"': "both the label 'a'",
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_what_cannot_be_used_is_one_line_and_code_2(aiops, written, text):
    written(text)
    answer = aiops("config", "check")
    assert answer.code == 2
    (line,) = answer.err.splitlines()
    assert line.startswith("error: ")
    assert PROBLEMS[text] in line
    assert SECRET not in answer.out + answer.err


def test_each_problem_has_a_line_of_its_own(aiops, written):
    written('[prometheus]\ntoken_env = "NOT_SET"\nkey_file = "key"\ntoken_file = "token"\n')
    answer = aiops("config", "check", "--json")
    assert answer.code == 2
    assert len(answer.json["problems"]) == len(answer.err.splitlines()) == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[detection]\nlevle = 1", ["levle", "did you mean 'level'?"]),
        ("[detection]\nlevel = 0", ["detection.level"]),
        ("[detection", ["is not TOML"]),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(aiops, written, refused, text, words):
    written(text)
    refused(aiops("config", "check"), "aiops.toml", *words)


def test_a_file_that_is_not_there_is_refused(aiops, refused):
    refused(aiops("config", "check", "nowhere.toml"), "nowhere.toml", "cannot be read")


def test_online_needs_a_prometheus(aiops):
    answer = aiops("config", "check", "--online")
    assert answer.code == 2
    assert "no Prometheus is named" in answer.err


def test_a_password_in_a_variable_is_used_and_not_shown(aiops, monkeypatch):
    monkeypatch.setenv("AIOPS_PROMETHEUS__URL", f"http://me:{SECRET}@127.0.0.1:1")
    answer = aiops("config", "check")
    assert answer.code == 0
    assert SECRET not in answer.out
    offline = aiops("config", "check", "--online")
    assert (offline.code, SECRET in offline.err) == (2, False)
    assert "127.0.0.1:1" in offline.err
