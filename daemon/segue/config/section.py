"""What all sections share."""

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the file."""
