"""The ladder: one file a family of models."""
