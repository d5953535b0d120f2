"""The IR: what WIT says, after resolving and before Python."""
