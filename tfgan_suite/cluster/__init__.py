"""Where a run computes: strategies, workers and how they find each other."""
