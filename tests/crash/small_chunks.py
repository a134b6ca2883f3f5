"""The mover with small chunks: a copy of a few hundred kilobytes makes as many calls as one of many gigabytes."""

import sys

from segue.adapters.files import control, mover, pump

control.CHUNK_BYTES = 64 * 1024
pump.READ_BYTES = 64 * 1024

if __name__ == "__main__":
    sys.exit(mover.main())
