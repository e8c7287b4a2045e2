"""What the desk of those who grade decides from plain values: the order, the keys, the pace, how strict each grader is."""
