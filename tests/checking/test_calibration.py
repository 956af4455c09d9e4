"""The calibration is a test; and it can fail."""

import json
import math

import pytest

from benchmark.checking import calibration
from benchmark.checking.calibration import GROUPS, Check, at_least, at_most, near
from benchmark.cli.main import execute


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_instrument_is_right_where_the_answer_is_known(group):
    checks = list(group())
    assert checks
    assert [check for check in checks if check.verdict == "off"] == []


def test_a_check_is_off_when_it_misses_and_when_it_is_not_a_number():
    assert near("x", 1.0, 1.1, tolerance=0.05).verdict == "off"
    assert near("x", 1.0, 1.04, tolerance=0.05).verdict == "ok"
    assert near("x", 1.0, math.nan, tolerance=0.05).verdict == "off"
    assert at_most("x", 0.06, 0.061).verdict == at_least("x", 0.93, 0.92).verdict == "off"
    assert at_most("x", 0.06, 0.06).verdict == at_least("x", 0.93, 0.93).verdict == "ok"
    assert at_most("x", 0.06, math.nan).verdict == at_least("x", 0.93, math.nan).verdict == "off"


def test_the_command_prints_every_check_and_fails_if_one_is_off(capsys, monkeypatch):
    good, bad = Check("good", 1.0, 1.0, 0.0, 0.1), Check("bad", 1.0, 2.0, 1.0, 0.1)
    shown = Check("shown", 1.0, 2.0, 1.0, None)
    monkeypatch.setattr(calibration, "GROUPS", (lambda: iter([good, shown]),))
    assert execute(["calibrate", "--json"]) == 0
    assert [item["verdict"] for item in json.loads(capsys.readouterr().out)] == ["ok", "shown"]
    monkeypatch.setattr(calibration, "GROUPS", (lambda: iter([good, bad, shown]),))
    assert execute(["calibrate"]) == 1
    assert "1 of 2 checks hold; 1 figures are shown without a bound" in capsys.readouterr().out


def test_an_instrument_that_is_wrong_is_found(monkeypatch):
    """Survival that drops censored rows instead of counting them until they end."""
    honest = calibration.survival
    monkeypatch.setattr(calibration, "survival", lambda wrong, own: honest(wrong & own, own | True))
    assert any(check.verdict == "off" for check in calibration.planted_rates())
