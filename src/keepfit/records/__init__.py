"""The nouns, frozen: what one step hands to the next and what is written down of it."""
