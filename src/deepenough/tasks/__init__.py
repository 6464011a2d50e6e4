"""What an answer is: one file a kind."""
