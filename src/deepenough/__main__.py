"""python -m deepenough."""

from deepenough.cli import main

if __name__ == "__main__":
    main()
