"""The words of release names that are not title: what each means, and how sure it is that it is no title.

A **strong** word never is part of a title (`1080p`, `x264`). A **weak** one may be (`Proper`, `Extended`, `French`,
`Web`): it ends a title only where nothing but such words stands between it and a strong word, or after the year.
Written for names whose words are separated by single spaces (`names_text.spaced`).
"""

import re
from typing import Final, NamedTuple


class Tag(NamedTuple):
    """A word that was found."""

    start: int
    end: int
    field: str
    """`resolution`, `source`, `codec`, `hdr`, `audio`, `edition`, `proper`, `language`, `three_d`, `extra`, `noise`."""
    value: str
    strong: bool


_STRONG_RULES: Final[list[tuple[str, dict[str, str]]]] = [
    (
        "resolution",
        {
            r"(?:3840|4096)x\d{4}": "2160p",
            r"2560x1440": "1440p",
            r"1920x(?:1080|8\d\d|10\d\d)": "1080p",
            r"1280x(?:720|5\d\d|6\d\d)": "720p",
            r"(?:720|704|768)x576": "576p",
            r"(?:640|704|720|848|854)x480": "480p",
            r"\d{3,4}[pi](?:x?(?:24|25|30|50|60))?(?=\W|$)": "=",
            r"4K ?UHD|UHD ?4K": "2160p",
        },
    ),
    (
        "source",
        {
            r"(?:UHD |BD |Blu-?Ray |BluRay )?Remux": "Remux",
            r"(?:UHD )?Blu-?Ray(?:Rip)?|BD-?Rip|BR-?Rip|BDMV|UHDRip|BD(?:25|50|66|100)": "BluRay",
            r"WEB-?Rip|WEB Rip": "WEBRip",
            r"WEB-?DL|WEB DL|WEB-?HD|WEBCap": "WEB-DL",
            r"A?HDTV(?:Rip)?|HDTVRip": "HDTV",
            r"PDTV|DSR(?:ip)?|SDTV|TVRip|SATRip|DVB(?:Rip)?|DTTRip|DTVRip": "TV",
            r"DVD-?Rip|DVD-?[59]|DVDMux|DVD-?R(?:ip)?": "DVD",
            r"DVD-?Scr(?:eener)?|BD-?Scr|WEB-?Scr|Screener": "SCR",
            r"HD-?Rip": "HDRip",
            r"HD-?CAM(?:Rip)?|CAM-?Rip": "CAM",
            r"TELESYNC|HD-?TS(?:Rip)?|HQ-?TS": "TS",
            r"TELECINE|HD-?TC": "TC",
            r"VHS-?Rip": "VHS",
            r"HD-?DVD(?:Rip)?": "HD-DVD",
        },
    ),
    (
        "codec",
        {
            r"[xh][ -]?264|AVC(?:HD)?": "H.264",
            r"[xh][ -]?265|HEVC": "H.265",
            r"[xh][ -]?266|VVC": "H.266",
            r"AV1": "AV1",
            r"XviD": "XviD",
            r"DivX\d?": "DivX",
            r"MPEG-?2": "MPEG-2",
            r"VC-?1": "VC-1",
            r"VP9": "VP9",
        },
    ),
    (
        "hdr",
        {
            r"HDR10(?:\+|P(?:lus)?)(?!\w)": "HDR10+",
            r"HDR10": "HDR10",
            r"DoVi|Dolby ?Vision": "DV",
            r"HLG": "HLG",
        },
    ),
    (
        "audio",
        {
            r"DTS(?:-?(?:HD|ES|X|HRA))?(?: ?-?MA)?(?: ?\d [01])?": "",
            r"True-?HD(?: ?\d [01])?": "",
            r"Atmos": "",
            r"(?:DDP?A?|DD\+|E-?AC-?3|AC-?3|AAC|FLAC|L?PCM|OPUS|HE-?AAC)(?:[ -]?\d[ .][01])?(?:ch)?": "",
            r"(?:2|5|6|7|8)ch": "",
            r"MP3|Ogg|Vorbis": "",
            r"Dual[ -]?Audio|Multi[ -]?Audio|Dual-?Lat": "multi",
        },
    ),
    (
        "noise",
        {
            r"(?:8|10|12)[ -]?bits?": "",
            r"Hi10P?|Hi444PP": "",
            r"\d{2}(?: \d{1,3})?fps": "",
            r"(?:E|M)?Subs?": "",
            r"NTSC|PAL|SECAM": "",
            r"AMZN|DSNP|HMAX|ATVP|PCOK|PMTP|CRAV|HULU|iTunes|CRiT": "",
            r"READ-?NFO|NFOFIX|DIRFIX|SYNCFIX": "",
            r"SDR|HDLight|mHD|HFR": "",
            r"VOSTFR|SUBFRENCH|VOST[AE]?|Korsubs?|MSubs?|ESubs?|HardSubs?|HC-?Subs?": "",
            r"Rip": "",
            r"\d{3,4}(?: \d)?[MG]B|[1-9]\d?(?: \d{1,2})?GB": "",
            r"(?:mkv|mp4|avi)": "",
        },
    ),
    (
        "proper",
        {
            r"REPACK\d?|RERIP\d?": "1",
        },
    ),
    (
        "three_d",
        {
            r"(?:3D[ -])?(?:H(?:alf)?-?)(?:SBS|OU|TAB)(?: 3D)?|3D[ -](?:SBS|OU|TAB)": "3d",
        },
    ),
    (
        "edition",
        {
            r"Director'?s (?:Definitive )?Cut": "Director's Cut",
            r"Extended (?:Cut|Edition|Version)": "Extended",
            r"Extended Director'?s Cut": "Extended Director's Cut",
            r"Unrated (?:Cut|Edition|Version)": "Unrated",
            r"Theatrical (?:Cut|Edition|Version|Release)": "Theatrical",
            r"Special Edition": "Special Edition",
            r"Ultimate (?:Cut|Edition)": "Ultimate Edition",
            r"Collector'?s Edition": "Collector's Edition",
            r"Criterion(?: (?:Collection|Edition))": "Criterion",
            r"(?:4K )?Remastered": "Remastered",
            r"Open Matte": "Open Matte",
            r"IMAX Edition": "IMAX",
            r"Uncut (?:Edition|Version)": "Uncut",
            r"Anniversary Edition": "Anniversary Edition",
            r"Despeciali[sz]ed(?: Edition)?": "Despecialized",
            r"\d{2}(?:th|st|nd|rd) Anniversary(?: Edition)?": "=",
        },
    ),
]
"""The picture, the sound, editions that no title is made of."""

_WEAK_RULES: Final[list[tuple[str, dict[str, str]]]] = [
    (
        "resolution",
        {
            r"4K|UHD|2160|1080|720": "=",
        },
    ),
    (
        "source",
        {
            r"WEB": "WEB-DL",
            r"DVD": "DVD",
            r"BD": "BluRay",
            r"CAM": "CAM",
            r"TS": "TS",
            r"TC": "TC",
            r"SCR": "SCR",
            r"R5": "R5",
            r"TV": "TV",
            r"VHS": "VHS",
            r"LaserDisc": "LaserDisc",
        },
    ),
    (
        "hdr",
        {
            r"HDR": "HDR10",
            r"DV": "DV",
        },
    ),
    (
        "three_d",
        {
            r"3D": "3d",
            r"SBS": "3d",
        },
    ),
    (
        "proper",
        {
            r"PROPER": "1",
            r"REAL": "1",
            r"v[2-5]": "=",
        },
    ),
    (
        "edition",
        {
            r"Extended": "Extended",
            r"Unrated": "Unrated",
            r"Uncut": "Uncut",
            r"Theatrical": "Theatrical",
            r"IMAX": "IMAX",
            r"Criterion": "Criterion",
            r"Final Cut": "Final Cut",
            r"Redux": "Redux",
            r"Ultimate": "Ultimate Edition",
            r"DC": "Director's Cut",
            r"Restored": "Restored",
            r"Uncensored": "Uncensored",
            r"Hybrid": "",
        },
    ),
    (
        "language",
        {
            r"(?:TRUE)?FRENCH|VF[FQI2]?|FRA?": "fr",
            r"GERMAN|DEU|GER|Deutsch": "de",
            r"ITALIAN|iTA": "it",
            r"SPANISH|CASTELLANO|ESPA[NÑ]OL|LATINO|SPA|ESP": "es",
            r"ENGLISH|ENG": "en",
            r"RUSSIAN|RUS": "ru",
            r"JAPANESE|JPN?|JAP": "ja",
            r"KOREAN|KOR": "ko",
            r"HINDI|HIN": "hi",
            r"CHINESE|MANDARIN|CHS|CHT|CHI": "zh",
            r"CANTONESE": "zh",
            r"DUTCH|NLD?|FLEMISH": "nl",
            r"SWEDISH|SWE": "sv",
            r"DANISH|DAN": "da",
            r"NORWEGIAN|NOR": "no",
            r"FINNISH|FIN": "fi",
            r"POLISH|PLDUB|POL": "pl",
            r"PORTUGUESE|POR|DUBLADO": "pt",
            r"TURKISH|TUR": "tr",
            r"CZECH|CZ": "cs",
            r"HUNGARIAN|HUN": "hu",
            r"GREEK": "el",
            r"ARABIC": "ar",
            r"HEBREW": "he",
            r"UKRAINIAN|UKR": "uk",
            r"THAI": "th",
            r"TAMIL": "ta",
            r"TELUGU": "te",
            r"ROMANIAN": "ro",
            r"ICELANDIC": "is",
            r"MULTi(?:\d| ?Lang)?|DUAL|DL|ML": "multi",
        },
    ),
    (
        "extra",
        {
            r"(?:Official |Theatrical |Teaser )?Trailer(?: ?\d)?|Teaser": "trailer",
            r"Featurettes?": "featurette",
            r"Behind the Scenes": "behindthescenes",
            r"Deleted Scenes?": "deleted",
            r"Interviews?": "interview",
        },
    ),
    (
        "noise",
        {
            r"INTERNAL|iNT": "",
            r"LIMITED": "",
            r"FESTIVAL": "",
            r"RETAIL": "",
            r"COMPLETE": "",
            r"DUBBED|SUBBED|SUBS?|DUB": "",
            r"HC": "",
            r"LiNE|LD|MD|MIC|DOLBY|DIGITAL": "",
            r"NF|iP|RED|STAN|MAX|AMC|HBO|SHO|APTV|STRP": "",
            r"NORDIC|BALTIC": "",
            r"OAR|WS|FS|WIDESCREEN": "",
            r"UNCUTTED|STV|SE": "",
            r"HQ|HD|FHD|SD|LQ": "",
            r"Audio|Commentary|Plus Commentary": "",
            r"Season Pack|Batch": "",
            r"[257] [01]": "",
            r"Sample": "sample",
            r"AI Upscale|Upscaled?": "",
            r"OPUS": "",
            r"Omni|ENG SUBS?": "",
        },
    ),
]
"""Any of these may stand in a title."""

_BOUND = r"(?<![^\W_])"
_END = r"(?![^\W_])"


def _compiled(rules: list[tuple[str, dict[str, str]]]) -> tuple[re.Pattern[str], list[tuple[str, str]]]:
    """Make one pattern with one group a rule, and the list of what each group means."""
    flat = [(pattern, field, value) for field, table in rules for pattern, value in table.items()]
    body = "|".join(f"({pattern})" for pattern, _, _ in flat)
    return re.compile(f"{_BOUND}(?:{body}){_END}", re.IGNORECASE), [(f, value) for _, f, value in flat]


_STRONG, _STRONG_MEANS = _compiled(_STRONG_RULES)
_WEAK, _WEAK_MEANS = _compiled(_WEAK_RULES)


def tags(text: str) -> list[Tag]:
    """Find the words that are no title, in rising order and without overlap; strong ones first where both fit."""
    found = [_tag(match, _STRONG_MEANS, strong=True) for match in _STRONG.finditer(text)]
    covered = [(tag.start, tag.end) for tag in found]
    for match in _WEAK.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in covered):
            found.append(_tag(match, _WEAK_MEANS, strong=False))
    return sorted(found)


def _tag(match: re.Match[str], means: list[tuple[str, str]], strong: bool) -> Tag:
    field, value = means[(match.lastindex or 1) - 1]
    text = match[0]
    if value == "=":
        value = _as_written(field, text)
    return Tag(match.start(), match.end(), field, value, strong)


def _as_written(field: str, text: str) -> str:
    lower = text.lower()
    match field:
        case "resolution":
            if lower in ("4k", "uhd"):
                return "2160p"
            digits = re.match(r"\d+", lower)
            number = digits[0] if digits else lower
            return number + ("i" if lower[len(number) : len(number) + 1] == "i" else "p")
        case "proper":
            return str(int(lower[1:]) - 1)
        case _:
            return text if field != "edition" else text.replace(" Edition", "") + " Edition"
