"""What running servers have that output/ has not, and the reverse."""
