"""Moving bytes: into the library, back out of it, and never over anything.

The work is done by a process of its own (`mover`), one order at a time, so that a disk that hangs hangs nobody else,
and `kill -9` may come at any moment. What may be relied on:

1. Under a final name there is nothing, or the whole file. Bytes are collected under a name of ours
   (`.segue-<job>-<n>.partial`, in the destination's own folder), verified, brought to disk, and only then linked.
2. Nothing is overwritten. Every step that gives a name refuses one that is taken. A file that may be replaced changes
   places with the new one in a single step, and lies in the recycle folder afterwards.
3. All files of an order appear, or none: first every copy is made, then all get their names, and what fails on the
   way is taken back.
4. An order may be given again at any time; it finds what is done, and does the rest.
5. Nothing is unlinked but our own partial files, and a source that was moved on request (`DropSource`), after its copy
   was verified.

Where to begin: `orders` (what can be asked and answered), `transfer` (the recipe), `mover_client` (for the daemon).
"""
