"""Training in a process of its own, and what is written down of it."""
