"""The IR: the content of WIT, after resolving and before Python."""
