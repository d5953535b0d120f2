"""wasi:config: workers that are no agents have none."""

from agent.guest import wasi_config_store as config


def cover(_: str) -> None:
    assert config.get("colour") is None
    assert config.get_all() == []
