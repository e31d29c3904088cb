"""Ways to people, a file each: reached by name (`gpuledger.channels` in pyproject.toml), never imported."""
