"""The class around one result: which numbers may be compared, places and ties, the front, leaderboards, nicknames. Pure; docs/class.md."""
