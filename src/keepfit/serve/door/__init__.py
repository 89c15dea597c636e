"""From the bytes of a request to rows of the model's schema, or to what is wrong with each."""
