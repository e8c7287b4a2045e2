"""In which states a training step answers held-out inputs. Read on both sides of the channel."""

STATES = ("before", "after", "shuffled")  # the first step; all of them; as many with the labels of other inputs
