"""Scribe notes of lectures and their review."""
