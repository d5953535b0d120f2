"""The modules of `witgen.golem.sdk` that are others in components for Golem's main branch.

`witgen build --golem main` puts each in the place of the one with the same name, and all others stay. So relative
imports here name modules of this folder, and what both releases share is imported from `witgen.golem.sdk`.
"""
