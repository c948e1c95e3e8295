"""The picture: a PNG of a modest size, whatever the series are like; where it cannot be drawn, none."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.workers import making
from tests.workers.thread.conftest import Room
from workers.domain.conclusion import Picture
from workers.domain.telemetry import Series, Signal
from workers.thread.picture import ALERT, LINE, MARK, png

USUAL = [0.3, 0.32, 0.31, 0.3] * 15
RAISED = [*USUAL, *[4.1] * 18]


def drawn(*series: Series, **fields: Any) -> Image.Image:
    image = Image.open(io.BytesIO(png(Picture(title="checkout", series=series, **fields))))
    image.load()
    return image


def amount(image: Image.Image, colour: str) -> int:
    """How many pixels have this colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    pixels = np.asarray(image.convert("RGB"))
    return int((pixels == wanted).all(axis=2).sum())


def test_picture_opens_and_is_small_enough_for_a_phone() -> None:
    picture = making.conclusion().picture
    assert picture is not None

    written = png(picture)
    image = Image.open(io.BytesIO(written))
    image.verify()

    assert image.format == "PNG"
    assert image.size == (1260, 450)
    assert len(written) < 200_000


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_series_has_a_panel_of_its_own(count: int) -> None:
    image = drawn(*[making.series(RAISED)] * count)

    assert image.size == (1260, 135 + 315 * count)


def test_gap_is_a_gap_and_no_line_through_nothing() -> None:
    whole = drawn(making.series(RAISED))
    holed = drawn(making.series([*USUAL, *[None] * 15, 4.1, 4.1, 4.1]))
    alone = drawn(making.series([*[None] * 77, 4.1]))

    assert 0 < amount(holed, LINE) < 0.8 * amount(whole, LINE)
    assert amount(alone, LINE) < 50


def test_onset_and_changes_are_marked() -> None:
    bare = drawn(making.series(RAISED))
    marked = drawn(making.series(RAISED), onset=making.at(-18), marks=((making.at(-20), "checkout:42"),))

    assert amount(bare, ALERT) == amount(bare, MARK) == 0
    assert amount(marked, ALERT) > 100
    assert amount(marked, MARK) > 100


@pytest.mark.parametrize(
    "values",
    [
        [],
        [None] * 60,
        [0.0] * 60,
        [5.0],
        [float("inf"), 1.0, float("nan"), 2.0],
        [-1.0, -2.0, -3.0],
        [1e300, 1.0],
        [1e-300] * 5,
        [1.0] * 20_000,
    ],
    ids=["empty", "only gaps", "zeros", "one point", "not finite", "negative", "huge", "tiny", "long"],
)
def test_odd_series_are_drawn_all_the_same(values: list[float | None]) -> None:
    assert drawn(making.series(values), onset=making.at(-1)).size == (1260, 450)


@pytest.mark.parametrize("name", ["a$b_{$c", "$\\frac{$", "<b>", "x" * 500, "a\nb", "pool_size^2"])
def test_names_are_written_as_they_are_and_never_read_as_formulas(name: str) -> None:
    image = drawn(making.series(RAISED, service=name), marks=((making.at(-5), name),))

    assert image.width == 1260


def test_series_of_every_unit_are_drawn() -> None:
    for signal in (Signal.LATENCY, Signal.CPU, Signal.HIT_RATIO, Signal.FREE_STORAGE, Signal.REQUESTS):
        assert drawn(making.series([1.0, 2.0], signal=signal)).size == (1260, 450)


def test_post_goes_out_without_a_picture_that_cannot_be_drawn(room: Room) -> None:
    block = {"type": "image", "block_id": "picture", "image_url": "", "alt_text": "errors"}
    text = {"type": "section", "text": {"type": "mrkdwn", "text": "The cause."}}

    room.say("The cause.", key="live", blocks=(text, block), picture=Picture(title="nothing", series=()))
    room.deliver()

    assert room.texts() == ["The cause."]
    assert [block["type"] for block in room.messages()[0]["blocks"]] == ["section"]
