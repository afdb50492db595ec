"""What `quaymaster check` tries of the workers' parts."""
