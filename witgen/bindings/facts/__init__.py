"""Python facts of a resolved world: names, modules, errors. No Python source text, no Jinja, no disk."""
