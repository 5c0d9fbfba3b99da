import importlib
import inspect

import ichor_service


def test_the_face_names_all_that_it_imports_and_nothing_else():
    imported = {
        name for name, value in vars(ichor_service).items() if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(imported) == sorted(ichor_service.__all__)


def test_every_module_says_what_it_holds():
    for name in ("broker", "consumption", "health", "http_server", "inbox", "letter", "link", "program", "race"):
        assert importlib.import_module(f"ichor_service.{name}").__doc__
