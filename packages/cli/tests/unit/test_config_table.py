from ichor_activities import discover
from ichor_cli.config_table import config_rows


def test_every_key_of_every_config_has_a_meaning():
    rows = [
        (name, key, meaning)
        for name, item in discover().catalogue.items()
        for key, _, _, meaning in config_rows(item.config.model_json_schema())
    ]
    assert len(rows) > 60
    assert [f"{name}.{key}" for name, key, meaning in rows if not meaning] == []
