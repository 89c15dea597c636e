"""SageMaker's contract, point by point, tried on the commands of a container."""
