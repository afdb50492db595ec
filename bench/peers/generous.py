"""The product's program, in which nobody is too fast: a bench is one person."""

import bot.allowance
from quaymaster.cli import main

if __name__ == "__main__":
    bot.allowance.BURST = 100_000_000
    main()
