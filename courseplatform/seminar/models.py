"""Papers and who presents them, lecture highlights, scribe notes."""
