"""The one training loop of every deep family: recipe, schedule, precision, checkpoints, curve. Its files import torch where they train."""
