"""A version made again, held against what was published, and why it differs if it does."""
