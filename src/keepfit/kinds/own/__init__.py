"""A class of the project's own."""
