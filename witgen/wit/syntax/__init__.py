"""WIT text to syntax trees: tokens, grammar, documentation comments. Nothing here knows what a name refers to."""
