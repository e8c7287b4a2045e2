"""What leaves a course some time after its last day: announced twice, shown beforehand, and held back where somebody says so."""
