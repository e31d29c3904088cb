"""The simulated HTCondor pool beside the Slurm cluster: hosts, what runs on them, the month files its collector writes."""
