"""The outline of a tree: what is there, and why something is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.wit.trees import write
from witgen.diagnostics.errors import WitgenError
from witgen.wit.model.ir import Resolve
from witgen.wit.outline import outline, outline_json
from witgen.wit.resolve import load

BANK = """\
/// Accounts and money.
package demo:bank@1.0.0;

interface types {
  /// In cents.
  type amount = u64;
  type history = list<tuple<string, amount>>;
  record account { id: u64, owner: option<string> }
  variant event { opened, paid(amount) }
  enum state { open, closed }
  flags rights { see, pay }
  @unstable(feature = audits)
  type audit = string;
}

interface accounts {
  use types.{amount, account as entry};
  use demo:log/log.{line};

  resource ledger {
    constructor(size: u32);
    add: func(line: line) -> result<_, string>;
    open: static async func(name: string) -> ledger;
    @unstable(feature = audits)
    audit: func();
  }

  find: func(name: string, handle: borrow<ledger>) -> option<entry>;
}

@unstable(feature = audits)
interface audits {}

world teller {
  import accounts;
  import second: accounts;
  import hooks: interface { before: func(); }
  export run: func() -> amount;
  type amount = u32;
  @unstable(feature = audits)
  export audits;
}
"""
LOG = "package demo:log;\ninterface log { type line = string; }\n"
TEXT = """\
package demo:bank@1.0.0
├── interface types
│   ├── type amount = u64
│   ├── type history = list<tuple<string, amount>>
│   ├── record account
│   │   ├── id: u64
│   │   └── owner: option<string>
│   ├── variant event
│   │   ├── opened
│   │   └── paid(amount)
│   ├── enum state
│   │   ├── open
│   │   └── closed
│   ├── flags rights
│   │   ├── see
│   │   └── pay
│   └── type audit  (left out: feature `audits` is not active)
├── interface accounts
│   ├── use demo:bank/types@1.0.0.{amount}
│   ├── use demo:bank/types@1.0.0.{account as entry}
│   ├── use demo:log/log.{line}
│   ├── resource ledger
│   │   ├── constructor(size: u32)
│   │   ├── add: func(line: line) -> result<_, string>
│   │   └── open: static async func(name: string) -> ledger
│   ├── find: func(name: string, handle: borrow<ledger>) -> option<entry>
│   └── function ledger.audit  (left out: feature `audits` is not active)
├── world teller
│   ├── import demo:bank/types@1.0.0
│   ├── import demo:log/log
│   ├── import demo:bank/accounts@1.0.0
│   ├── import second: demo:bank/accounts@1.0.0
│   ├── import hooks: interface
│   │   └── before: func()
│   ├── type amount = u32
│   ├── export run: func() -> amount
│   └── export audits  (left out: feature `audits` is not active)
└── interface audits  (left out: feature `audits` is not active)
package demo:log
└── interface log
    └── type line = string
"""


@pytest.fixture
def tree(tmp_path: Path) -> Resolve:
    return load(write(tmp_path, {"bank.wit": BANK, "deps/log.wit": LOG}))


def test_packages(tree: Resolve) -> None:
    assert outline(tree) == TEXT


def test_main_package_only(tree: Resolve) -> None:
    assert outline(tree, all_packages=False) == TEXT.partition("package demo:log\n")[0]


def test_active_feature(tmp_path: Path, tree: Resolve) -> None:
    assert "left out" in outline(tree)
    with_feature = outline(load(tmp_path, features=["audits"]))
    assert "left out" not in with_feature
    assert "audit: func()" in with_feature


def test_world_in_full(tree: Resolve) -> None:
    text = outline(tree, world="demo:bank/teller")
    assert text.startswith(
        "world demo:bank/teller@1.0.0\n├── import demo:bank/types@1.0.0\n│   ├── type amount = u64\n"
    )
    assert text.count("constructor(size: u32)") == 2
    assert text.endswith("└── export audits  (left out: feature `audits` is not active)\n")


def test_unknown_world(tree: Resolve) -> None:
    with pytest.raises(WitgenError, match="no world `tellr`"):
        outline(tree, world="tellr")


def test_json(tree: Resolve) -> None:
    bank, log = json.loads(json.dumps(outline_json(tree)))
    assert (bank["kind"], bank["name"], bank["docs"]) == ("package", "demo:bank@1.0.0", "Accounts and money.")
    assert log["name"] == "demo:log"
    amount = bank["children"][0]["children"][0]
    assert amount == {
        "kind": "type",
        "name": "amount",
        "text": "type amount = u64",
        "docs": "In cents.",
        "left_out": None,
        "children": [],
    }
    assert bank["children"][-1]["left_out"] == "feature `audits` is not active"
