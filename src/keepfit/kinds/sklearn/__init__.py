"""Any estimator of scikit-learn, by its name, kept as a file that skops reads."""
