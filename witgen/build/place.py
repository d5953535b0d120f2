"""The places of a build: folders of modules, packages, the component, and what the guest calls them."""

from __future__ import annotations

import os
import site
import sysconfig
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from ..base import files
from ..base.resources import SDK, SDK_PARTS
from ..bindings.reuse import RUNTIME
from ..bindings.runtime_copy import runtime_files
from ..project.installed import componentize_environment, searched

__all__ = ["ENTRY", "Place", "componentize_version", "entry_files", "is_wasm", "prepare_entry"]

ENTRY = "witgen_build_entry"
"""The package that is passed to componentize-py."""

_GUEST = Path(__file__).parent / "guest"


class Place(NamedTuple):
    """The places of a build.

    Attributes:
        folders: the folders of the application's modules, in the order in which Python searches them.
        out: the component.
        arguments: the arguments of componentize-py, with a placeholder for the WIT.
        packages: a virtual environment whose packages the component gets; None for the active one.
        agents: the release of Golem whose SDK for agents the component gets, to export those that the application
            declares; None for none.
    """

    folders: tuple[Path, ...]
    out: Path
    arguments: tuple[str, ...]
    packages: Path | None = None
    agents: str | None = None

    @property
    def stamp(self) -> Path:
        """The file that records the component's inputs."""
        return self.out.with_name(f".{self.out.name}.witgen")

    @property
    def number_of_packages(self) -> int:
        """The number that the guest has for site-packages, which come after the folders and the entry's."""
        return len(self.folders) + 1

    def check(self) -> None:
        """Make sure that the two files can be read and written.

        Raises:
            OSError: one is a FIFO, a device or a socket.
        """
        files.check_regular(self.out)
        files.check_regular(self.stamp)

    def makes(self, path: Path) -> bool:
        """Return whether a path is one of the two files that the build writes."""
        if path.name not in {self.out.name, self.stamp.name}:
            return False
        return os.path.realpath(path.parent) == os.path.realpath(self.out.parent)

    def real(self, path: str, site_packages: str | None) -> Path | None:
        """Return the path on this machine of a guest's path; None if it is not one of the user's."""
        top, _, rest = path.lstrip("/").partition("/")
        bases = {str(number): os.fspath(folder) for number, folder in enumerate(self.folders)}
        base = {**bases, str(self.number_of_packages): site_packages}.get(top)
        if base is None:
            return None
        real = Path(base, rest)
        return None if self.makes(real) else real

    def environment(self) -> dict[str, str]:
        """Return the environment variables to run componentize-py with; they determine where it finds packages."""
        return componentize_environment(self.packages)

    def site_packages(self) -> list[Path]:
        """Return where componentize-py may find packages: in the active environment, or beside this Python."""
        found = searched(self.packages)
        if self.packages is None:
            own = [sysconfig.get_path("purelib"), *site.getsitepackages(), site.getusersitepackages()]
            found += map(Path, own)
        return list(dict.fromkeys(Path(os.path.abspath(folder)) for folder in found))


def componentize_version() -> str | None:
    """Return the version of componentize-py; None where it is not installed."""
    try:
        return version("componentize-py")
    except PackageNotFoundError:
        return None


def prepare_entry(folder: Path, place: Place, settings: Mapping[str, object]) -> None:
    """Make a folder with the entry, which imports the application in the guest, and with the runtime.

    Args:
        folder: the folder.
        place: the places of the build.
        settings: the settings of the entry (`witgen.build.guest`), but for those of the place.
    """
    for path, content in entry_files(agents=place.agents).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    complete = {**settings, "site": place.number_of_packages, "agents": place.agents is not None}
    (folder / ENTRY / "settings.py").write_text(f"SETTINGS = {complete!r}\n", encoding="utf-8")


@cache
def entry_files(*, agents: str | None) -> Mapping[str, bytes]:
    """Return the files of the entry's folder that are the same for all applications: the entry, the guests' runtime.

    Args:
        agents: also the SDK for agents of this release of Golem.
    """
    runtime = {f"{RUNTIME}/{path}": text.encode() for path, text in runtime_files(guest=True).items()}
    entry = {f"{ENTRY}/{path.name}": path.read_bytes() for path in sorted(_GUEST.glob("*.py"))}
    return {**runtime, **entry, **({} if agents is None else _sdk(agents))}


def _sdk(release: str) -> Mapping[str, bytes]:
    """Return the SDK for agents of a release, below packages that have nothing of the generator."""
    top = SDK.parent.parent.parent
    found = dict.fromkeys((SDK.parent.parent / "__init__.py", SDK.parent / "__init__.py"), b"")
    parts = SDK_PARTS[release]
    own = dict(_modules(parts, (parts / "testing", parts / "_bindings" / "guest" / "testing")))
    if parts != SDK:
        found |= _modules(SDK, (SDK / "testing", SDK / "_bindings"))
        del own[parts / "__init__.py"]  # all others are in the place of those with the same names
    found |= {SDK / path.relative_to(parts): content for path, content in own.items()}
    return {path.relative_to(top).as_posix(): content for path, content in found.items()}


def _modules(folder: Path, left_out: Sequence[Path]) -> Mapping[Path, bytes]:
    """Return the modules in a folder, but for some folders in it."""
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
        if not any(each in path.parents for each in left_out)
    }


def is_wasm(path: Path) -> bool:
    """Return whether a file is WebAssembly, as far as its first bytes tell."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\0asm"
    except OSError:
        return False
