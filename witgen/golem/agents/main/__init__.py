"""Agents of Golem's main branch: their types and values in the form of Golem 1.5, which the executor works with."""
