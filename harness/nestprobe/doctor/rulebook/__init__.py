"""The rules themselves, a module a theme."""
