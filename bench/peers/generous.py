"""The product's program without allowances per person: in a bench, one person sends everything."""

import bot.conversation.allowance
from programs.cli import main

if __name__ == "__main__":
    bot.conversation.allowance.BURST = 100_000_000
    main()
