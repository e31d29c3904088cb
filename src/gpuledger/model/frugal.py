"""Arrow with less memory, for commands that must not weigh on a shared node."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
