"""A container that speaks SageMaker's contract: it trains, and it answers."""
