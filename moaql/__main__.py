"""`python -m moaql` is the same as `moaql`."""

from moaql.cli import main

if __name__ == "__main__":
    main()
