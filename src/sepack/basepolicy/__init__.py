"""What a target's own policy says: an index of its rules, and questions for the distribution's own tools."""
