"""The log of a model, and the state that it folds to."""
