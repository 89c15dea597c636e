"""Texts to labels: n-grams or sentence embeddings into a small network."""
