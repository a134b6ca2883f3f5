"""Where a file goes: the library root, the folder, the names, what it replaces, and what travels along."""

from segue.core.ingest.actions import Located
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import IngestState, Job
from segue.core.vocabulary import Out


def roots_for(job: Job, settings: IngestSettings) -> tuple[str, ...]:
    """Give the library roots of a job's kind."""
    assert job.chosen is not None
    return settings.movies if job.chosen.kind == "film" else settings.shows


def folder_for(job: Job, settings: IngestSettings) -> str:
    """Give the folder that a job's file would go to if the library had nothing of its title."""
    raise NotImplementedError


def located(state: IngestState, action: Located, out: Out) -> IngestState:
    """Plan a job."""
    raise NotImplementedError
