"""`python -m benchmark.cli`: the command without its script."""

from benchmark.cli.main import main

if __name__ == "__main__":  # the workers of a run import this module too
    main()
