"""The host: calls the component with bindings that were generated from it."""

from add_bindings.host import Add

with Add.open("add.wasm") as component:
    print("1 + 2 =", component.docs_adder_add.add(1, 2))
