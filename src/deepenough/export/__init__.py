"""What makes a bundle: graph pieces, the proof of parity, and writing."""
