"""Recorded incidents with known causes, investigated as real ones are, and scored apart from that."""
