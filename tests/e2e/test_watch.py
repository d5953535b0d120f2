"""`witgen watch` on a real folder."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Check = Callable[[], bool]


class Watcher:
    """A running `witgen watch` and what it says."""

    def __init__(self, project: Path) -> None:
        self.log = project / "watch.log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "witgen", "watch"]
            environment = {**os.environ, "XDG_CACHE_HOME": str(project / ".cache"), "GITHUB_ACTIONS": ""}
            self.process = subprocess.Popen(command, cwd=project, stderr=log, env=environment)

    def until(self, check: Check) -> float:
        """Wait until something holds; return the seconds that it took."""
        started = time.perf_counter()
        while not check():
            assert self.process.poll() is None, self.log.read_text()
            assert time.perf_counter() - started < 20, self.log.read_text()
            time.sleep(0.002)
        return time.perf_counter() - started

    def says(self, text: str) -> Check:
        return lambda: text in self.log.read_text()


@pytest.fixture
def watcher(project: Path) -> Iterator[Watcher]:
    pytest.importorskip("watchfiles")
    watcher = Watcher(project)
    watcher.until(watcher.says("written"))
    yield watcher
    watcher.process.kill()
    watcher.process.wait()


def save(path: Path, text: str) -> None:
    """Save as editors do: a new file in the place of the old one."""
    path.with_suffix(".swp").write_text(text)
    path.with_suffix(".swp").replace(path)


def test_a_save_is_generated_within_300_ms(project: Path, watcher: Watcher) -> None:
    wit, module = project / "wit" / "shop.wit", project / "shop_bindings" / "types" / "demo_shop_goods.py"
    text = wit.read_text()
    times: list[float] = []
    for number in range(5):
        save(wit, text.replace("price", f"price{number}"))
        times.append(watcher.until(lambda number=number: f"price{number}: int" in module.read_text()))
    assert statistics.median(times) < 0.3, times


def test_it_survives_mistakes(project: Path, watcher: Watcher) -> None:
    wit, module = project / "wit" / "shop.wit", project / "shop_bindings" / "types" / "demo_shop_goods.py"
    good = wit.read_text()
    save(wit, good.replace("u32,", "u31,"))
    watcher.until(watcher.says("wit/shop.wit:7:12"))
    save(wit, good.replace("price", "cost"))
    watcher.until(lambda: "cost: int" in module.read_text())
    configuration = project / "pyproject.toml"
    settings = configuration.read_text()
    save(configuration, settings + "nonsense = 1\n")
    watcher.until(watcher.says("unknown key `nonsense`"))
    save(configuration, settings.replace("shop_bindings", "other_bindings"))
    watcher.until((project / "other_bindings" / "py.typed").is_file)
    (project / "wit" / "shop.wit").unlink()
    watcher.until(watcher.says("there are no `.wit` files"))
    wit.write_text(good.replace("price", "worth"))
    other = project / "other_bindings" / "types" / "demo_shop_goods.py"
    watcher.until(lambda: "worth: int" in other.read_text())


def test_an_interrupt_ends_it(watcher: Watcher) -> None:
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(10) == 130
    assert "Traceback" not in watcher.log.read_text()
