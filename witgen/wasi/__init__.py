"""WASI's interfaces in the forms that Python has for them, for the guests of all worlds that import them."""
