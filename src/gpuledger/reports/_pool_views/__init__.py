"""What the reports beside `pool` share: one frame, lanes of GPUs, names of hosts and models."""
