"""Libraries with less memory, for commands that must not weigh on a shared node."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from threading import RLock
from typing import Any


class _NoPandas:
    """An importer that says there is no pandas."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ImportError(name)


@contextmanager
def frugal_arrow() -> Iterator[None]:
    """Arrow gives back what it no longer uses at once, and does not import pandas (36 MB, 0.2 s) to see that a value is
    none of its own. Who asks it for a DataFrame still gets one.
    """
    import pyarrow as pa

    if "pandas" not in sys.modules:
        importer = _NoPandas()
        sys.meta_path.insert(0, importer)
        try:
            pa.array([0])  # the first value makes Arrow look for pandas, once
        finally:
            sys.meta_path.remove(importer)
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def import_when_asked(package: str) -> None:
    """What a package imports itself waits until it is asked for a name that it has not; its modules can be had alone."""
    spec = find_spec(package)
    if package in sys.modules or not spec or not spec.loader:
        return
    made, waiting, one_thread = module_from_spec(spec), [spec.loader.exec_module], RLock()

    def asked(name: str) -> Any:
        with one_thread:
            if waiting:
                waiting.pop()(made)
        if name not in vars(made):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return vars(made)[name]

    vars(made)["__getattr__"] = asked
    parent, _, child = package.rpartition(".")
    setattr(sys.modules[parent], child, made)
    sys.modules[package] = made
