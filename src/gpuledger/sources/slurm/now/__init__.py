"""What a Slurm cluster tells about this moment: its queue, its machines, its limits."""
