"""Runs JavaScript that somebody else wrote: each script in a new instance, with a deadline and one function to call.

The interpreter is a component: pip install witgen hyperlight-sandbox-javascript-guest
"""

import json
from importlib.util import find_spec
from pathlib import Path

import witgen
from witgen_runtime.host import DeadlineError

PRICES = {"tea": 1250, "coffee": 990}

[package] = find_spec("javascript_guest").submodule_search_locations
[component] = Path(package).rglob("*.wasm")
Interpreter = witgen.load(component)


def call(name: str, arguments: str) -> str:
    """Answer `call_tool(name, arguments)` of a script."""
    if name != "price":
        raise ValueError(f"there is no tool {name}")
    return json.dumps({"cents": PRICES[json.loads(arguments)["item"]]})


def run(script: str) -> str:
    """Run a script in a new instance, and return what it prints, or its error."""
    with Interpreter.open(hyperlight_sandbox_tools=call, partial=True, deadline=2) as world:
        try:
            result = world.hyperlight_sandbox_executor.run(script)
        except DeadlineError:
            return "too slow"
    return (result.stdout or result.stderr).strip().splitlines()[0]


print(run("console.log(['tea', 'coffee'].map((item) => call_tool('price', { item }).cents).join(' '))"))
print(run("remember = 1; console.log(typeof remember)"))
print(run("console.log(typeof remember)"))
print(run("while (true) {}"))
