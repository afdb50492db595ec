"""Imported last by the process that programs are forked from: what it has imported stays for ever.

A collection in a forked program would otherwise look at all of it, and by that copy its memory.
"""

import gc

gc.collect()
gc.freeze()
