"""From WIT, as text or in a component, to resolved packages."""
