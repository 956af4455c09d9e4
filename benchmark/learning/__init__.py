"""The step-wise path, the training loop and its budget."""
