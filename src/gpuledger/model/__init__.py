"""What a row means. Imports nothing of ours."""
