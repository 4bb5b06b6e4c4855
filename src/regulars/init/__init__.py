"""Look at unknown files and propose a configuration."""
