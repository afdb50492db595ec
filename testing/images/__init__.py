"""Real, small test images, made from busybox-static without pulling anything."""
