"""Every effect there is."""

from segue.core.music.effects import MusicEffects
from segue.core.system.effects import SystemEffects

Effect = MusicEffects | SystemEffects
