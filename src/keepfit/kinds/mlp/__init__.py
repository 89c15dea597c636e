"""A neural network for tables, trained by torch and answered without it."""
