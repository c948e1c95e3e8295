"""`python -m bot.cli`: how the parts of `runbook up` are started."""

from bot.cli import main

if __name__ == "__main__":
    main()
