"""Problems as values, their text, and the exception that carries them."""
