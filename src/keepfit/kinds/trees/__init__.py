"""Gradient boosting: CatBoost, LightGBM and scikit-learn's histograms."""
