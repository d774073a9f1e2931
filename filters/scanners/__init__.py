"""The scanners that a virus check asks, and the check itself."""
