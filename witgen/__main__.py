"""`python -m witgen`."""

from .cli import main

main()
