"""What everything else stands on: immutable values, source text, files, the data that comes with witgen."""
