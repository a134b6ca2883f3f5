"""Languages as subtitles name them: ISO 639-1 by the codes of ISO 639-1 and 639-2, and by English and own names."""

from typing import Final

_TABLE: Final = """
ar ara arabic
bg bul bulgarian
bs bos bosnian
ca cat catalan
cs ces cze czech cesky
da dan danish dansk
de deu ger german deutsch
el ell gre greek
en eng english
es spa spanish espanol castellano
et est estonian
eu eus baq basque
fa fas per persian farsi
fi fin finnish suomi
fr fra fre french francais
gl glg galician
he heb hebrew
hi hin hindi
hr hrv croatian hrvatski
hu hun hungarian magyar
id ind indonesian
is isl ice icelandic
it ita italian italiano
ja jpn japanese
ka kat geo georgian
ko kor korean
lt lit lithuanian
lv lav latvian
mk mkd mac macedonian
ms msa may malay
nb nob bokmal
nl nld dut dutch nederlands
no nor norwegian norsk
pl pol polish polski
pt por portuguese portugues
ro ron rum romanian
ru rus russian
sk slk slo slovak
sl slv slovenian
sq sqi alb albanian
sr srp serbian srpski
sv swe swedish svenska
ta tam tamil
te tel telugu
th tha thai
tr tur turkish turkce
uk ukr ukrainian
vi vie vietnamese
zh zho chi chinese mandarin
"""

CODES: Final[dict[str, str]] = {}
"""ISO 639 codes of two and three letters -> ISO 639-1."""
NAMES: Final[dict[str, str]] = {}
"""Names -> ISO 639-1."""
for _line in _TABLE.split("\n"):
    if _line:
        _first, *_others = _line.split()
        CODES[_first] = _first
        CODES.update((word, _first) for word in _others if len(word) == 3)
        NAMES.update((word, _first) for word in _others if len(word) != 3)
