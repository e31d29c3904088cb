"""What keeps a ledger running by itself: when things run, who frees what is stuck, and what should have happened."""
