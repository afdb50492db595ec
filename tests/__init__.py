"""The tests mirror the packages; `engines` holds the real engines they run against."""
