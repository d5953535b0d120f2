"""What memories of components contain at first: taken out of components before they are compiled, and mapped later."""
