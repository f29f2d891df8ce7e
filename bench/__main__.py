"""The command line is in run.py, which processes started from there can import."""

from bench.run import main

if __name__ == "__main__":
    main()
