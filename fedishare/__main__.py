"""`python -m fedishare` is the command `fedishare`."""

from fedishare.cli import main

if __name__ == "__main__":
    main()
