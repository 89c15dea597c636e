from __future__ import annotations

from keepfit.config.show import explain


def test_every_value_is_shown_with_where_it_came_from(folder, sound):
    folder.write(sound + "derive = { h = 'hour(t)' }\n")
    shown = {s.key: (s.value, str(s.origin)) for s in explain(folder.load({"KEEPFIT_STORE": "s"}))}
    assert shown["project.name"] == ('"taxi"', "keepfit.toml:2")
    assert shown["project.store"] == ('"s"', "KEEPFIT_STORE")
    assert shown["project.require"] == ('"any"', "default")
    assert shown["model.fare.features"] == ('["distance_km", "hour"]', "keepfit.toml:7")
    assert shown["model.fare.data.derive.h"] == ('"hour(t)"', "keepfit.toml:11")
    assert shown["model.fare.data.clean"] == ("{}", "default")
    assert shown["model.fare.split.holdout"] == ("0.2", "default")
    assert shown["model.fare.schedule.retrain"] == ("true", "default")
    assert shown["model.fare.params.alpha"] == ("1.0", "default")
    assert shown["model.fare.gate.metric"] == ("", "default")
