"""Teams, their projects and proposals, slots with staff, peer feedback."""
