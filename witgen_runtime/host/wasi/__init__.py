"""The parts of WASI that Python code can provide: streams, pollables, timers, standard streams."""
