import pkgutil
from importlib import import_module
from types import ModuleType

import ichor_models
import pytest


def test_all_is_complete_and_has_nothing_twice() -> None:
    public = {
        name
        for name, value in vars(ichor_models).items()
        if not (name.startswith("_") or isinstance(value, ModuleType))
    }
    assert set(ichor_models.__all__) == public
    assert len(ichor_models.__all__) == len(public)


@pytest.mark.parametrize("module", [info.name for info in pkgutil.iter_modules(ichor_models.__path__)])
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert import_module(f"ichor_models.{module}").__doc__
