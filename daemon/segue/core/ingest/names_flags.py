"""The doubts that the reading of a name can leave, each with the sentence that a person reads.

Readers of release names return nonsense without an error; these words mark the readings that look like it. Any of
them keeps a file from being taken in by itself.
"""

from typing import Final

FLAGS: Final[dict[str, str]] = {
    "no_title": "Neither the name nor its folders give a title.",
    "short_title": "The title is a single character.",
    "hash_like_name": "The name looks random, and no folder says what it is.",
    "ambiguous_year": "Several numbers of the name could be the year.",
    "season_is_year": "The season is 1900 or more: probably a year.",
    "several_seasons": "The name speaks of several seasons.",
    "season_without_episode": "The name speaks of a season, but of no episode of it.",
    "episode_gap": "The episodes of the name do not follow one another.",
    "episode_zero": "The name speaks of an episode 0.",
    "half_episode": "The episode's number is not a whole one.",
    "bare_number": "A bare number was taken for the episode's.",
    "ambiguous_date": "The date can be read in more than one way.",
    "foreign_brackets": "The name has brackets or characters that no reader splits well.",
    "brackets_in_title": "Brackets are left in the title.",
    "domain_in_title": "The title contains the name of a site.",
    "folder_disagrees": "The folder and the name say different things.",
    "sample": "The name says that this is a sample.",
    "long_name": "The name is longer than any file system allows; its end was not read.",
    "unreadable_name": "Reading the name took too long or failed.",
}
