"""Text must be readable: the palette keeps WCAG 2.2's contrast of 4.5 in light, dark and print."""

import re
from importlib import resources

import pytest

CSS = resources.files("aiops.reports").joinpath("templates", "page.css").read_text("utf-8")
PALETTES = [
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
]
TEXT_ON_GROUND = [
    ("ink", "paper"),
    ("soft", "paper"),
    ("blame", "paper"),
    ("right", "paper"),
    ("ink", "tint"),
    ("blame", "blame-tint"),
    ("soft", "blame-tint"),
    ("on-mark", "right"),
    ("on-mark", "blame"),
]


def luminance(colour):
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_knows_black_on_white():
    assert contrast("#000", "#ffffff") == pytest.approx(21)


def test_there_is_a_palette_for_light_dark_and_print():
    assert len(PALETTES) == 3


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_stands_out_from_its_ground(palette, text, ground):
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark", "print"])
@pytest.mark.parametrize("ground", ["tint", "band"])
@pytest.mark.parametrize("line", ["line", "blame", "ink"])
def test_lines_stand_out_from_the_plot_and_its_bands(palette, line, ground):
    assert contrast(palette[line], palette[ground]) >= 3
