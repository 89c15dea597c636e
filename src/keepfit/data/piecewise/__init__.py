"""Rows that need not be in memory together."""
