"""What one would use instead, as small as it can be."""
