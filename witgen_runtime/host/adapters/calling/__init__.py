"""The host's side of calls through an adapter: names, codecs, subtasks, instructions."""
