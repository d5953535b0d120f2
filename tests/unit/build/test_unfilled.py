"""Functions of an application that only raise NotImplementedError are named."""

from __future__ import annotations

import ast

from witgen.base.source import SourceFile
from witgen.build.application import Module
from witgen.build.unfilled import unfilled

TEXT = '''\
from abc import ABC, abstractmethod

class Shop(Base):
    def buy(self):
        """Buy."""
        raise NotImplementedError
    async def sell(self):
        raise NotImplementedError("later")
    def name(self):
        return "shop"
    @abstractmethod
    def mine(self):
        raise NotImplementedError

class Own(ABC):
    def mine(self):
        raise NotImplementedError

def run():
    raise NotImplementedError

def some(x):
    if x:
        raise NotImplementedError
    raise ValueError(x)
'''


def module(path: str, text: str, package: str = "") -> Module:
    return Module(SourceFile(path, text), ast.parse(text), package, is_late=False)


def test_they_are_named_in_one_line_with_the_place_of_the_first() -> None:
    (found,) = unfilled([module("other.py", TEXT), module("app.py", TEXT)], "app")
    assert found.message.endswith(": `Shop.buy`, `Shop.sell`, `run`")
    assert found.span is not None
    assert found.span.text == "raise NotImplementedError"
    assert found.span.file.path == "app.py"


def test_only_the_applications_own_module_counts() -> None:
    assert not unfilled([module("other.py", TEXT), module("app.py", "def run(): return 1")], "app")
    assert not unfilled([module("app.py", TEXT)], "shop.app")
    assert unfilled([module("shop/app.py", TEXT, "shop")], "shop.app")
