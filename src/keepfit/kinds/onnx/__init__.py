"""Estimators of scikit-learn as ONNX graphs, and what reads those."""
