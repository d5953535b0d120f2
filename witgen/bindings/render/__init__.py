"""From facts to text: view models, templates, exact imports. Reads and writes no user files."""
