"""Python's own forms of Golem's interfaces, as witgen writes them into `guest/` of a world that has the interfaces.

Each module here is the source of one of the output. It uses the wrappers of the interfaces, which the output has and
this folder does not: `wrappers/*.pyi` declares the functions that are called (`async_wrappers`: where they are async).
`witgen.golem.plugins` says which functions a world must have.
"""
