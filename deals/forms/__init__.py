"""Forms of deals: they read what was typed; actions decide whether it may be."""
