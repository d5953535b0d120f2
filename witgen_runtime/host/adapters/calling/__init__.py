"""What the host does to call through an adapter: names, codecs, subtasks, instructions."""
