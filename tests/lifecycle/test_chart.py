import sys
import xml.etree.ElementTree as ET

import pytest

from keepfit.errors import NotInstalled
from keepfit.lifecycle.chart import draw
from keepfit.lifecycle.replay import Course, Period

PERIODS = tuple(
    Period(start=f"2024-{m:02}-01", rows=9, champion=f"1.0.{m // 3}-x000000", champion_score=m / 2)
    for m in range(1, 7)
)
COURSES = [
    Course(policy=name, metric="mae", better="lower", periods=PERIODS)
    for name in ("monthly", "never", "on-decay")
]
EMPTY = Course(
    policy="never",
    metric="mae",
    better="lower",
    periods=(Period(start="2024-01-01", rows=0, champion=None, champion_score=None),),
)


def test_the_chart_is_written_as_picture_and_as_drawing(tmp_path):
    pytest.importorskip("matplotlib")
    files = [tmp_path / "replay.png", tmp_path / "replay.svg"]
    draw(COURSES, "price: error served", files)
    assert files[0].read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    words = "".join(ET.fromstring(files[1].read_bytes()).itertext())
    for word in (
        "price: error served",
        "monthly: ",
        "never: ",
        "on-decay: ",
        "mae of the champion",
    ):
        assert word in words


def test_the_same_replay_draws_the_same_bytes(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("one", "two"):
        draw(COURSES, "price", [tmp_path / f"{name}.png", tmp_path / f"{name}.svg"])
    for form in ("png", "svg"):
        assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"two.{form}").read_bytes()


def test_periods_that_served_nobody_leave_the_chart_empty(tmp_path):
    pytest.importorskip("matplotlib")
    draw([EMPTY], "price", [tmp_path / "replay.svg"])
    assert "never: – served" in (tmp_path / "replay.svg").read_text()


def test_without_matplotlib_the_message_is_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotInstalled) as caught:
        draw(COURSES, "price", [tmp_path / "replay.png"])
    assert caught.value.hint == "pip install 'keepfit[plot]'"
    assert not list(tmp_path.iterdir())
