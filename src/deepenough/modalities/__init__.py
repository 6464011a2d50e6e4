"""What an example is: one file a kind."""
