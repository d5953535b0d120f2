"""Writes files with compiled components, for programs that must not compile when they start."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from witgen_runtime import host
from witgen_runtime.host.compiled_component import is_compiled, pack
from witgen_runtime.host.linking.preparation import prepare
from witgen_runtime.host.origin import origin_of
from witgen_runtime.host.world import definition_of

from .bindings import generated

__all__ = ["compile_file"]


def compile_file(component: Path, out: Path, *, fuel: bool = False) -> int:
    """Compile a component, with its adapters, and write the code into a file that only this user can write.

    Args:
        component: the component.
        out: the file; one that is there is replaced if it has compiled code.
        fuel: whether stores may limit its instructions, which makes it slower.

    Returns:
        The size of the file.

    Raises:
        ComponentError: this wasmtime cannot compile the component.
        FileExistsError: `out` is something else than compiled code.
        OSError: the file cannot be written.
        WitgenError: it is not a component, or is damaged.
    """
    if out.is_dir():
        raise FileExistsError(f"{out} is a folder: --output must be a file, such as {out / component.stem}.cwasm")
    if out.exists() and not is_compiled(out):
        raise FileExistsError(f"{out} exists, and is no compiled component: it is not replaced")
    base, _, _ = generated(component)
    ready = prepare(definition_of(base), component, host.Limits(interruptible=True, fuel=0 if fuel else None))
    settings = host.Settings(concurrent=ready.concurrent, fuel=fuel, interruptible=True)
    content = pack(ready.component, settings, origin_of(ready.component))
    with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.chmod(file.name, 0o644)
            Path(file.name).replace(out)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return len(content)
