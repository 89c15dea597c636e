"""How a version gets into a stage: by rule, by a person's yes, or by hand."""
