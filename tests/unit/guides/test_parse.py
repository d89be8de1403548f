"""Markdown in, steps out; every mistake is named with its place and its remedy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.guides.model import Guide, Step, StepKind
from aiops.guides.parse import parse_guide
from aiops.types import InvalidGuide

WHOLE = """\
# Disk   full

Some words.

## Read the `volume`

Before.

```aiops
tool = "disk.read"
[arguments]
service = "{{incident.service}}"
```

After.

### Detail

```sh
df -h {{ .not.read }}
```

## Clean up
```aiops
tool = "disk.clean"
kind = "write"
when = "read-the-volume.used > 0.9"
```
## Ask the owner
Who owns it?
"""


def block(*lines, heading="## Step"):
    return "\n".join(["# T", heading, "```aiops", *lines, "```", ""])


def test_a_guide_is_read_whole():
    guide = parse_guide(WHOLE, source="disk.md")
    prose = "Before.\n\n\nAfter.\n\n### Detail\n\n```sh\ndf -h {{ .not.read }}\n```"
    assert guide.title == "Disk full"
    assert guide.source == "disk.md"
    assert guide.steps == (
        Step(
            "read-the-volume",
            StepKind.READ,
            "disk.read",
            {"service": "{{incident.service}}"},
            title="Read the `volume`",
            text=prose,
            line=5,
        ),
        Step(
            "clean-up",
            StepKind.WRITE,
            "disk.clean",
            guard="read-the-volume.used > 0.9",
            title="Clean up",
            line=23,
        ),
        Step(
            "ask-the-owner",
            StepKind.MANUAL,
            title="Ask the owner",
            text="Who owns it?",
            line=29,
        ),
    )
    assert [(edge.source, edge.target) for edge in guide.edges] == [("read-the-volume", "clean-up")]


def test_line_ends_do_not_matter():
    assert parse_guide(WHOLE.replace("\n", "\r\n")) == parse_guide(WHOLE)


def test_other_blocks_and_quoted_headings_are_prose():
    guide = parse_guide('# T\n## Step\n> ## Not a step\n\n```toml\ntool = "x"\n```\n')
    assert [(step.name, step.kind) for step in guide.steps] == [("step", StepKind.MANUAL)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "g.md:1: has no title; start the guide with '# Title'"),
        ("words\n\n## Step\n", "g.md:3: has no title; start"),
        ("---\ntsg: 1\n---\n# T\n", "g.md:2: has no title"),
        ("# T\n## A\n# U\n", "g.md:3: has a second title, 'U'; make it a ## step"),
        ("# T\nwords\n", "g.md: has no steps; write each under a ## heading"),
        ("# T\n```aiops\n```\n## A\n", "g.md:2: an aiops block stands before the first ## heading"),
        ("# T\n## !!!\n", "g.md:2: step '!!!': the heading holds no word"),
        ("# T\n## A b\n\n## a-B\n", "g.md:4: step 'a-b' has the name of the step at line 2"),
        ("# T\n## A\n```aiops x\n```\n", "g.md:3: the block is marked 'aiops x'; nothing may"),
        (
            '# T\n## A\n```aiops\ntool="t"\n```\n```aiops\ntool="t"\n```\n',
            "g.md:2: step 'A': has 2 aiops blocks; give each",
        ),
        (block("tool = "), "g.md:3: step 'Step': the block below this line is not TOML: "),
        (block('tol = "t"'), "g.md:3: step 'Step': unknown key 'tol'; did you mean 'tool'?"),
        (block('kind = "read"'), "g.md:3: step 'Step': names no tool; write tool = \"name\""),
        (block("tool = 3"), "step 'Step': tool is 3; write it as text, in quotes"),
        (block('tool = "t"', "when = 1"), "step 'Step': when is 1; write it as text"),
        (block('tool = "t"', 'kind = "manual"'), 'kind is \'manual\'; write "read" or "write"'),
        (block('tool = "t"', "kind = [1]"), 'kind is [1]; write "read" or "write"'),
        (block('tool = "t"', "arguments = 1"), "arguments is not a table; write [arguments]"),
        (block('tool = "t"', "[arguments]", "n = 1"), "n is 1; write it as text, in quotes"),
        (
            block('tool = "t"', "[arguments]", 'n = "{{stp.x}}"'),
            "g.md:2: step 'step' refers to stp.x, but no step is named 'stp'; did you mean 'step'?",
        ),
        (block('tool = "t"', 'when = "step.x > 1"'), "wait for each other: step → step"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_remedy(text, message):
    with pytest.raises(InvalidGuide) as error:
        parse_guide(text, source="g.md")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


PIECES = [
    "# ",
    "## ",
    "\n",
    "```aiops\n",
    "```\n",
    'tool = "t"\n',
    "[arguments]\n",
    "a",
    "> ",
    "- ",
]
PIECES += ['when = "a.a > 1"\n', 'a = "{{a.a}}"\n', "---\n", "\t", "\r", "{{"]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_any_text_is_a_guide_or_is_refused_as_one(text):
    try:
        guide = parse_guide(text)
    except InvalidGuide as error:
        assert "\n" not in str(error)  # noqa: PT017  either way of ending is legal
    else:
        assert isinstance(guide, Guide)
        assert guide.steps
