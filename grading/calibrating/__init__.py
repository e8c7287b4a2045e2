"""Boards of a course that are calibrated: what they measure, which calibration a course uses, and rows that leave as a table."""
