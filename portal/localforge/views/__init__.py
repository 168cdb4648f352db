"""Pages and smart HTTP of the local forge. Thin: they ask `access`, then call the store."""
