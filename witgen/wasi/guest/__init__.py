"""Python's own forms of WASI's interfaces, as witgen writes them into `guest/` of a world that has the interfaces.

Each module here is the source of one of the output. It uses the wrappers of the interfaces, which the output has and
this folder does not: `wrappers/*.pyi` declares the functions that are called. `witgen.wasi.plugins` says which
functions a world must have.
"""
