"""The ground of the charts: ticks, scales, and words that fit."""

import math
from xml.etree import ElementTree as ET

from hypothesis import assume, given
from hypothesis import strategies as st

from keepfit.records.exhibits import ResidualBin, Residuals
from keepfit.report.charts.bars import Bar, bars
from keepfit.report.charts.gains import Gain, gains
from keepfit.report.charts.learning import learning, shown
from keepfit.report.charts.past import past
from keepfit.report.charts.plot import around, label_of, ticks
from keepfit.report.charts.residuals import by_prediction, histogram
from keepfit.report.facts import Epoch, Learning, Past
from keepfit.report.figures import figure, signed

VALUES = st.floats(-1e9, 1e9).map(lambda v: round(v, 6))


@given(VALUES, VALUES)
def test_ticks_are_round_few_and_within(one, other):
    low, high = around([one, other])
    assume(high - low > 1e-9 * max(abs(low), abs(high)))
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert all(low - 1e-9 * abs(low) <= tick <= high + 1e-9 * abs(high) for tick in found)


@given(st.text(min_size=1), st.text())
def test_a_label_is_never_too_long_to_stand_beside_its_chart(name, value):
    assert len(label_of(name, value)) <= 20


@given(st.lists(st.tuples(st.text(max_size=30), VALUES), min_size=1, max_size=60))
def test_charts_of_any_values_are_well_formed_and_inside_their_frame(found):
    drawn = [
        gains("g", [Gain(clean(name), v, v - 1, v + 1) for name, v in found], "mae"),
        bars("b", [Bar(clean(name), v, abs(v) / 9) for name, v in found], "title", "label"),
        past([version(clean(name), v) for name, v in found], "mae"),
    ]
    for chart in drawn:
        inside(chart)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=10))
def test_residuals_of_any_values_can_be_drawn(pairs):
    bins = tuple(
        ResidualBin(rows=1, predicted=said, truth=0.0, low=left - 1, middle=left, high=left + 1)
        for said, left in pairs
    )
    found = Residuals(bins=bins, edges=(-1.0, 0.0, 1.0), counts=(0, 3), below=0, above=0, rows=3)
    inside(by_prediction(found))
    inside(histogram(found))


@given(st.lists(st.tuples(VALUES, st.none() | VALUES), min_size=1, max_size=300), st.booleans())
def test_epochs_of_any_losses_can_be_drawn_and_about_a_dozen_are_told(found, goes_on):
    epochs = [Epoch(epoch=n, training=t, validation=v) for n, (t, v) in enumerate(found, 1)]
    if goes_on:
        epochs.insert(0, Epoch(epoch=0, validation=1.0))
    one = Learning(loss="log_loss", kept=epochs[len(epochs) // 3].epoch, epochs=tuple(epochs))
    inside(learning(one))
    told = shown(one)
    assert len(told) <= 14
    assert {epochs[0].epoch, epochs[-1].epoch, one.kept} <= {each.epoch for each in told}


def version(name, value):
    return Past(version=name, at="", outcome="pass", value=value, champion=value + 1, rows=1)


def clean(text):
    """Text without what XML has no place for."""
    return "".join(letter for letter in text if letter.isprintable())


def inside(chart):
    root = ET.fromstring(str(chart))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root:
        for name, most in (("x1", width), ("x2", width), ("y1", height), ("y2", height)):
            if name in element.attrib:
                assert -1 <= float(element.attrib[name]) <= most + 1
        assert "nan" not in " ".join(element.attrib.values())


def test_figures_are_those_of_people():
    assert [figure(v) for v in (None, math.nan, 0.0, 1234.5, -0.00012345, 12.3456)] == [
        *("–", "–", "0", "1,234", "−0.0001234", "12.35")
    ]
    assert (signed(0.5), signed(-0.5), signed(None)) == ("+0.5", "−0.5", "–")
