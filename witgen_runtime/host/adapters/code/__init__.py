"""The core code that runs inside adapters."""
