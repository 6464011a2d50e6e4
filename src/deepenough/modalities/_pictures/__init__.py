"""Pictures: where they come from, how one is opened, and what is measured of it."""
